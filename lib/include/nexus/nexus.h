/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * All of libnexus.
 */
#ifndef _NEXUS_NEXUS_H
#define _NEXUS_NEXUS_H

#include <nexus/channel.h>
#include <nexus/stack.h>
#include <nexus/tcp.h>
#include <nexus/tcp.h>
#include <nexus/udp.h>
#include <nexus/wire.h>

#endif /* _NEXUS_NEXUS_H */
