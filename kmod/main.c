// SPDX-License-Identifier: GPL-2.0
/*
 * Loading and unloading.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include "address.h"
#include "advice.h"
#include "channel.h"
#include "chardev.h"
#include "mapping.h"
#include "netlink.h"
#include "nexus.h"
#include "sch.h"
#include "tend.h"
#include "wake.h"

static int __init nexus_init(void)
{
	int err;

	nx_wake_init();
	nx_advice_init();
	err = nx_mapping_init();
	if (err)
		return err;
	err = nx_channel_init();
	if (err)
		goto err_mapping;
	err = nx_tend_init();
	if (err)
		goto err_channel;
	err = nx_net_init();
	if (err)
		goto err_tend;
	err = nx_dev_init();
	if (err)
		goto err_net;
	err = nx_address_init();
	if (err)
		goto err_dev;
	err = nx_sch_init();
	if (err)
		goto err_address;
	err = nx_netlink_init();
	if (err)
		goto err_sch;
	err = nx_chardev_init();
	if (err)
		goto err_netlink;
	return 0;

err_netlink:
	nx_netlink_exit();
err_sch:
	nx_sch_exit();
err_address:
	nx_address_exit();
err_dev:
	nx_dev_exit();
err_net:
	nx_net_exit();
err_tend:
	nx_tend_exit();
err_channel:
	nx_channel_exit();
err_mapping:
	nx_mapping_exit();
	return err;
}

/*
 * No file of /dev/nexus is open, and so no channel is attached; no device has the
 * discipline; and no packet is on its way that would call the module when it is
 * freed. The last of those who were called so may still be about to return.
 */
static void __exit nexus_exit(void)
{
	synchronize_rcu_tasks();
	nx_chardev_exit();
	nx_netlink_exit();
	nx_sch_exit();
	nx_address_exit();
	nx_dev_exit();
	nx_advice_exit();
	nx_wake_exit();
	nx_tend_exit();
	nx_channel_flush();
	nx_net_exit();
	nx_channel_exit();
	nx_mapping_exit();
}

module_init(nexus_init);
module_exit(nexus_exit);

MODULE_AUTHOR("The nexus developers");
MODULE_DESCRIPTION("Protocol stacks in user space, beside the kernel's");
MODULE_LICENSE("GPL");
