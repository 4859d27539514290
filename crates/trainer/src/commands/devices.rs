//! `trainer devices`: what `--device` can name on this machine.

use anyhow::Result;

#[cfg(feature = "cuda")]
use crate::system::cuda;
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
    #[cfg(feature = "cuda")]
    match cuda::names() {
        Ok(names) => {
            for (number, name) in names.iter().enumerate() {
                say!("cuda:{number} {name}, through CUDA");
            }
        }
        Err(reason) => say!("no GPU through CUDA: {reason}"),
    }
    Ok(())
}
