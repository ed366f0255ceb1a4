/* SPDX-License-Identifier: MIT */
/* What a socket is: which side of it the target is, and under which name its operations go. */
#ifndef PSS_SOCKET_H
#define PSS_SOCKET_H

#include "bpf/descriptor.h"
#include "bpf/name.h"

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_SEQPACKET 5
#define SUN_PATH 2 /* offset of the path in sockaddr_un */

static __always_inline struct sock *socket_sock(u64 entry, u8 *type)
{
	struct file *file = descriptor_file(entry);
	struct socket *socket = BPF_CORE_READ(file, private_data);
	*type = (u8)BPF_CORE_READ(socket, type);
	return BPF_CORE_READ(socket, sk);
}

/* The end of a Unix socket's path, since that is what tells paths apart. False: it has none. */
static __always_inline bool unix_path(struct sock *sock, struct pss_name_key *key)
{
	struct unix_address *address = BPF_CORE_READ((struct unix_sock *)sock, addr);
	if (!address)
		return false;
	int length = BPF_CORE_READ(address, len) - SUN_PATH;
	if (length <= 0 || length > 108)
		return false;
	u32 skip = length > (int)sizeof(key->text) ? length - sizeof(key->text) : 0;
	u32 size = length - skip;
	if (size > sizeof(key->text))
		return false;
	key->length = (u8)size;
	bpf_probe_read_kernel(key->text, size, (char *)&address->name + SUN_PATH + skip);
	return true;
}

static __always_inline bool port_is_listener(u16 port)
{
	u32 key = port;
	return bpf_map_lookup_elem(&listeners, &key) != NULL;
}

static __always_inline void listener_add(u16 port)
{
	u32 key = port, one = 1;
	bpf_map_update_elem(&listeners, &key, &one, BPF_ANY);
}

/*
 * The side that the target is on, as far as the socket itself tells: a port
 * that is listened on, a Unix socket that has its listener's path. Datagrams
 * and socket pairs tell by what comes first.
 */
static __always_inline u8 socket_role(struct sock *sock, u16 family, u8 type)
{
	if (type != SOCK_STREAM && type != SOCK_SEQPACKET)
		return PSS_ROLE_NEW;
	if (family == AF_UNIX) {
		struct unix_sock *self = (struct unix_sock *)sock;
		if (BPF_CORE_READ(self, addr))
			return PSS_ROLE_SERVER;
		struct unix_sock *peer = (struct unix_sock *)BPF_CORE_READ(self, peer);
		return peer && BPF_CORE_READ(peer, addr) ? PSS_ROLE_CLIENT : PSS_ROLE_NEW;
	}
	u16 port = BPF_CORE_READ(sock, __sk_common.skc_num);
	return port_is_listener(port) ? PSS_ROLE_SERVER : PSS_ROLE_CLIENT;
}

static __always_inline void name_client(struct sock *sock, struct pss_name_key *key)
{
	if (key->family == AF_UNIX) {
		struct sock *peer = BPF_CORE_READ((struct unix_sock *)sock, peer);
		if (peer)
			unix_path(peer, key);
		return;
	}
	key->port = __builtin_bswap16(BPF_CORE_READ(sock, __sk_common.skc_dport));
	if (key->family == AF_INET6) {
		key->length = 16;
		BPF_CORE_READ_INTO(key->text, sock, __sk_common.skc_v6_daddr);
	} else {
		key->length = 4;
		BPF_CORE_READ_INTO((u32 *)key->text, sock, __sk_common.skc_daddr);
	}
}

/* A datagram socket that is not connected sends to the address of the call; sendto's is looked at. */
static __always_inline void name_from_address(struct pss_name_key *key, u64 address)
{
	struct {
		u16 family;
		__be16 port;
		u8 rest[24];
	} to = {};
	if (!address || bpf_probe_read_user(&to, key->family == AF_INET6 ? 28 : 16, (void *)address))
		return;
	key->port = __builtin_bswap16(to.port);
	if (key->family == AF_INET6)
		__builtin_memcpy(key->text, to.rest + 4, 16);
	else
		__builtin_memcpy(key->text, to.rest, 4);
}

/* Fixes name and slot, once the role is known. */
int verified_alone socket_name(struct pss_socket *socket, u64 entry, u64 destination)
{
	if (!socket)
		return 0;
	struct pss_name_key key = {.family = socket->family, .type = socket->type};
	u8 type;
	struct sock *sock = socket_sock(entry, &type);
	key.kind = socket->role == PSS_ROLE_SERVER ? PSS_OP_REQUEST : PSS_OP_CALL;
	if (socket->role == PSS_ROLE_CLIENT) {
		name_client(sock, &key);
		if (socket->family != AF_UNIX && !key.port)
			name_from_address(&key, destination);
	} else if (socket->family == AF_UNIX) {
		unix_path(sock, &key);
	} else {
		key.port = BPF_CORE_READ(sock, __sk_common.skc_num);
	}
	socket->slot = name_slot(&key);
	socket->op.name_id = socket->slot;
	socket->op.kind = key.kind;
	return 0;
}

/* The state of a socket, made where it is new. NULL: no socket that carries requests, or no room. */
subprogram struct pss_socket *socket_find(struct descriptor *found, u8 role)
{
	u64 inode = found->inode;
	struct pss_socket *socket = bpf_map_lookup_elem(&sockets, &inode);
	if (socket)
		return socket;
	/* Too large for the stack; all zeroes. */
	static const struct pss_socket fresh = {};
	if (bpf_map_update_elem(&sockets, &inode, &fresh, BPF_NOEXIST))
		count_lost(PSS_LOST_SOCKET_MAP_FULL);
	socket = bpf_map_lookup_elem(&sockets, &inode);
	if (!socket)
		return NULL;
	u8 type = 0;
	struct sock *sock = socket_sock(found->entry, &type);
	u16 family = BPF_CORE_READ(sock, __sk_common.skc_family);
	socket->family = (u8)family;
	socket->used_ns = bpf_ktime_get_ns();
	socket->type = type;
	if (family != AF_UNIX && family != AF_INET && family != AF_INET6)
		role = PSS_ROLE_IGNORE;
	else if (role == PSS_ROLE_NEW) {
		role = socket_role(sock, family, type);
		socket->met_open = 1;
	}
	socket->role = role;
	if (role == PSS_ROLE_SERVER || role == PSS_ROLE_CLIENT)
		socket_name(socket, found->entry, 0);
	return socket;
}

#endif
