// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * ICMP (RFC 792, RFC 1191) and ICMPv6 (RFC 4443): echo and errors.
 */
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include <nexus/wire.h>

#include "bytes.h"

/* What the second 4 bytes of a message hold. */
enum icmp_body {
	BODY_ILLEGAL,
	BODY_UNUSED,
	BODY_ECHO,
	BODY_MTU,
	BODY_GATEWAY,
	BODY_POINTER,
};

static enum icmp_body body4(uint8_t type, uint8_t code)
{
	switch (type) {
	case ICMP_ECHO:
	case ICMP_ECHOREPLY:
		return BODY_ECHO;
	case ICMP_DEST_UNREACH:
		return code == ICMP_FRAG_NEEDED ? BODY_MTU : BODY_UNUSED;
	case ICMP_SOURCE_QUENCH:
	case ICMP_TIME_EXCEEDED:
		return BODY_UNUSED;
	case ICMP_REDIRECT:
		return BODY_GATEWAY;
	case ICMP_PARAMETERPROB:
		return BODY_POINTER;
	default:
		return BODY_ILLEGAL;
	}
}

static enum icmp_body body6(uint8_t type)
{
	switch (type) {
	case ICMP6_ECHO_REQUEST:
	case ICMP6_ECHO_REPLY:
		return BODY_ECHO;
	case ICMP6_DST_UNREACH:
	case ICMP6_TIME_EXCEEDED:
		return BODY_UNUSED;
	case ICMP6_PACKET_TOO_BIG:
		return BODY_MTU;
	case ICMP6_PARAM_PROB:
		return BODY_POINTER;
	default:
		return BODY_ILLEGAL;
	}
}

static void parse_common(struct nexus_wire_icmp *icmp, const uint8_t *p,
			 enum icmp_body body)
{
	memset(icmp, 0, sizeof(*icmp));
	icmp->type = p[0];
	icmp->code = p[1];
	memcpy(&icmp->checksum, p + 2, sizeof(icmp->checksum));
	icmp->is_error = body != BODY_ECHO;
	if (body == BODY_ECHO) {
		icmp->id = nx_get16(p + 4);
		icmp->seq = nx_get16(p + 6);
	}
}

static void build_common(const struct nexus_wire_icmp *icmp, uint8_t *p,
			 enum icmp_body body)
{
	memset(p, 0, NEXUS_WIRE_ICMP_LEN);
	p[0] = icmp->type;
	p[1] = icmp->code;
	memcpy(p + 2, &icmp->checksum, sizeof(icmp->checksum));
	if (body == BODY_ECHO) {
		nx_put16(p + 4, icmp->id);
		nx_put16(p + 6, icmp->seq);
	}
}

int nexus_wire_icmp_parse(struct nexus_wire_icmp *icmp, const void *data,
			  size_t len)
{
	const uint8_t *p = data;
	enum icmp_body body;

	if (len < NEXUS_WIRE_ICMP_LEN)
		return -EMSGSIZE;
	body = body4(p[0], p[1]);
	if (body == BODY_ILLEGAL)
		return -EBADMSG;
	parse_common(icmp, p, body);
	if (body == BODY_MTU)
		icmp->mtu = nx_get16(p + 6);
	if (body == BODY_POINTER)
		icmp->pointer = p[4];
	if (body == BODY_GATEWAY)
		memcpy(icmp->gateway, p + 4, 4);
	return NEXUS_WIRE_ICMP_LEN;
}

int nexus_wire_icmp_build(const struct nexus_wire_icmp *icmp, void *buf,
			  size_t size)
{
	enum icmp_body body = body4(icmp->type, icmp->code);
	uint8_t *p = buf;

	if (body == BODY_ILLEGAL || icmp->mtu > 0xffff || icmp->pointer > 0xff)
		return -EINVAL;
	if (size < NEXUS_WIRE_ICMP_LEN)
		return -ENOSPC;
	build_common(icmp, p, body);
	if (body == BODY_MTU)
		nx_put16(p + 6, (uint16_t)icmp->mtu);
	if (body == BODY_POINTER)
		p[4] = (uint8_t)icmp->pointer;
	if (body == BODY_GATEWAY)
		memcpy(p + 4, icmp->gateway, 4);
	return NEXUS_WIRE_ICMP_LEN;
}

int nexus_wire_icmpv6_parse(struct nexus_wire_icmp *icmp, const void *data,
			    size_t len)
{
	const uint8_t *p = data;
	enum icmp_body body;

	if (len < NEXUS_WIRE_ICMP_LEN)
		return -EMSGSIZE;
	body = body6(p[0]);
	if (body == BODY_ILLEGAL)
		return -EBADMSG;
	parse_common(icmp, p, body);
	if (body == BODY_MTU)
		icmp->mtu = nx_get32(p + 4);
	if (body == BODY_POINTER)
		icmp->pointer = nx_get32(p + 4);
	return NEXUS_WIRE_ICMP_LEN;
}

int nexus_wire_icmpv6_build(const struct nexus_wire_icmp *icmp, void *buf,
			    size_t size)
{
	enum icmp_body body = body6(icmp->type);
	uint8_t *p = buf;

	if (body == BODY_ILLEGAL)
		return -EINVAL;
	if (size < NEXUS_WIRE_ICMP_LEN)
		return -ENOSPC;
	build_common(icmp, p, body);
	if (body == BODY_MTU)
		nx_put32(p + 4, icmp->mtu);
	if (body == BODY_POINTER)
		nx_put32(p + 4, icmp->pointer);
	return NEXUS_WIRE_ICMP_LEN;
}

/* By code of "destination unreachable": RFC 792, RFC 1122, RFC 1812. */
static const uint8_t unreach4_errno[] = {
	ENETUNREACH, EHOSTUNREACH, ENOPROTOOPT, ECONNREFUSED,
	EMSGSIZE, EOPNOTSUPP, ENETUNREACH, EHOSTDOWN,
	ENONET, ENETUNREACH, EHOSTUNREACH, ENETUNREACH,
	EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH,
};

/* By code of "destination unreachable": RFC 4443 section 3.1. */
static const uint8_t unreach6_errno[] = {
	ENETUNREACH, EACCES, EHOSTUNREACH, EHOSTUNREACH,
	ECONNREFUSED, EACCES, EACCES,
};

static int errno4(const struct nexus_wire_icmp *icmp)
{
	switch (icmp->type) {
	case ICMP_DEST_UNREACH:
		if (icmp->code < sizeof(unreach4_errno))
			return unreach4_errno[icmp->code];
		return EHOSTUNREACH;
	case ICMP_TIME_EXCEEDED:
		return EHOSTUNREACH;
	case ICMP_PARAMETERPROB:
		return EPROTO;
	default:
		return 0;
	}
}

static int errno6(const struct nexus_wire_icmp *icmp)
{
	switch (icmp->type) {
	case ICMP6_DST_UNREACH:
		if (icmp->code < sizeof(unreach6_errno))
			return unreach6_errno[icmp->code];
		return EHOSTUNREACH;
	case ICMP6_PACKET_TOO_BIG:
		return EMSGSIZE;
	case ICMP6_TIME_EXCEEDED:
		return EHOSTUNREACH;
	case ICMP6_PARAM_PROB:
		return EPROTO;
	default:
		return 0;
	}
}

int nexus_wire_icmp_errno(unsigned int version,
			  const struct nexus_wire_icmp *icmp)
{
	return version == 4 ? errno4(icmp) : errno6(icmp);
}
