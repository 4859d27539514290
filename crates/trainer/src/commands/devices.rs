//! `trainer devices`: what `--device` can name on this machine.

use anyhow::Result;

use crate::system::device;

pub(crate) fn run() -> Result<()> {
    let cpu = device::cpu();
    println!("cpu    {}, {} threads", cpu.name, cpu.workers);
    let gpus = device::gpus();
    for (number, gpu) in gpus.iter().enumerate() {
        println!(
            "gpu:{number}  {}, {}, {} (driver {})",
            gpu.name,
            gpu.kind.name(),
            gpu.api,
            gpu.driver
        );
    }
    if gpus.is_empty() {
        println!("no GPU with a Vulkan, Metal or DirectX 12 driver");
    }
    Ok(())
}
