//! `trainer devices`: what `--device` can name on this machine.

use anyhow::Result;

use crate::system::device;
use crate::system::say::say;

pub(crate) fn run() -> Result<()> {
    let cpu = device::cpu();
    say!("cpu    {}, {} threads", cpu.name, cpu.workers);
    let gpus = device::gpus();
    for (number, gpu) in gpus.iter().enumerate() {
        say!(
            "gpu:{number}  {}, {}, {} (driver {})",
            gpu.name,
            gpu.kind.name(),
            gpu.api,
            gpu.driver
        );
    }
    if gpus.is_empty() {
        say!("no GPU with a Vulkan, Metal or DirectX 12 driver");
    }
    Ok(())
}
