/* SPDX-License-Identifier: MIT */
/* Which language runtime a program is, from its file and the libraries it has mapped. */
#include "user/capture/target_parse.h"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>

/* Names that Go's linker gives; in position-independent programs the table has a longer one. */
static bool is_go_section(const char *name)
{
	return !strcmp(name, ".gopclntab") || !strcmp(name, ".data.rel.ro.gopclntab") ||
	       !strcmp(name, ".go.buildinfo") || !strcmp(name, ".note.go.buildid");
}

static bool has_go_section(Elf *elf)
{
	size_t names;
	if (elf_getshdrstrndx(elf, &names))
		return false;
	for (Elf_Scn *section = elf_nextscn(elf, NULL); section; section = elf_nextscn(elf, section)) {
		GElf_Shdr header;
		if (!gelf_getshdr(section, &header))
			return false;
		const char *name = elf_strptr(elf, names, header.sh_name);
		if (name && is_go_section(name))
			return true;
	}
	return false;
}

/* The build id that Go leaves survives the loss of section headers: a note named "Go" of type 4. */
static bool is_go_note(Elf *elf, const GElf_Phdr *header)
{
	if (header->p_type != PT_NOTE || header->p_filesz > 65536)
		return false;
	Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)header->p_offset, header->p_filesz,
					      header->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	size_t offset = 0, name, description;
	GElf_Nhdr note;
	while (data && offset < data->d_size &&
	       (offset = gelf_getnote(data, offset, &note, &name, &description)) > 0)
		if (note.n_type == 4 && note.n_namesz == 3 && !memcmp((char *)data->d_buf + name, "Go", 3))
			return true;
	return false;
}

static bool has_go_note(Elf *elf)
{
	size_t count;
	if (elf_getphdrnum(elf, &count))
		return false;
	for (size_t i = 0; i < count && i < 128; i++) {
		GElf_Phdr header;
		if (gelf_getphdr(elf, (int)i, &header) && is_go_note(elf, &header))
			return true;
	}
	return false;
}

const char *runtime_of_elf(int descriptor)
{
	elf_version(EV_CURRENT);
	/* Read, not mapped: the file may be cut short while we look. */
	Elf *elf = elf_begin(descriptor, ELF_C_READ, NULL);
	bool go = elf && elf_kind(elf) == ELF_K_ELF && (has_go_section(elf) || has_go_note(elf));
	elf_end(elf);
	return go ? "go" : "";
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* The word, alone or with a version behind it: python3.11, node18. */
static bool is_word_with_version(const char *name, const char *word)
{
	size_t length = strlen(word);
	return !strncmp(name, word, length) && name[length + strspn(name + length, "0123456789.-")] == '\0';
}

const char *runtime_of_program(const char *path)
{
	const char *name = file_name(path);
	if (is_word_with_version(name, "python") || is_word_with_version(name, "pypy"))
		return "python";
	if (is_word_with_version(name, "node") || !strcmp(name, "nodejs"))
		return "node";
	return "";
}

static bool is_library(const char *name, const char *word)
{
	size_t length = strlen(word);
	return !strncmp(name, word, length) && strstr(name + length, ".so");
}

const char *runtime_of_library(const char *path)
{
	const char *name = file_name(path);
	if (is_library(name, "libjvm"))
		return "jvm";
	if (is_library(name, "libpython"))
		return "python";
	if (is_library(name, "libnode"))
		return "node";
	return "";
}
