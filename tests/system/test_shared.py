# SPDX-License-Identifier: Apache-2.0
"""Linux on CPUs that are shared: more vCPUs than there are CPUs."""
from configs import config, linux_images, vm

def test_a_Linux_of_32_vCPUs_on_2_CPUs(boot):
    run = boot(
        config(vm("alpha", vcpus=32, cpus=[0, 1] * 16, memory="768M",
                  extra="vcpu-slice-us = <1000>;"), images=linux_images()),
        cpus=2, memory=1536,
    )
    run.expect("alpha # ", timeout=300)
    assert "32" in run.run("nproc", "alpha # ").split()
