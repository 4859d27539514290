//! Where to compute: the one place of the trainer that names a backend.

use anyhow::Result;
use burn::tensor::Device;
use clap::Args;
use mriseg_ops::MixedPrecision;
use mriseg_ops::precision::Precision;
use std::str::FromStr;

use crate::system::cuda;
use crate::system::exit::usage;
use crate::system::say::note;

/// Where to compute.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DeviceArgs {
    /// Where to compute: auto (a real GPU if there is one, else the CPU), cpu, gpu, gpu:NUMBER (or NUMBER alone) or
    /// gpu:PART-OF-ITS-NAME as `trainer devices` lists them, through Vulkan, Metal or DirectX 12, or cuda (needs a build with `--features cuda`)
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub(crate) device: DeviceChoice,
    /// Accept a GPU that is simulated on the CPU (slow; for tests)
    #[arg(long)]
    pub(crate) software_adapter: bool,
}

/// Values of `--device`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum DeviceChoice {
    /// A real GPU if there is one, else the CPU.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// A GPU, through Vulkan, Metal or DirectX 12.
    Gpu(Which),
    /// An NVIDIA GPU through CUDA, by its number there.
    Cuda(usize),
}

/// Which of several GPUs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    /// The first one that is real.
    First,
    /// By its number in the list, or by that of its model.
    Number(usize),
    /// By a part of its name, in small letters.
    Named(String),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = "must be auto, cpu, gpu, gpu:NUMBER (or NUMBER alone), gpu:PART-OF-ITS-NAME, cuda or cuda:NUMBER; `trainer devices` lists what is here";
        match text.split_once(':').unwrap_or((text, "")) {
            ("auto", "") => Ok(Self::Auto),
            ("cpu", "") => Ok(Self::Cpu),
            ("gpu", "") => Ok(Self::Gpu(Which::First)),
            ("gpu", which) => Ok(Self::Gpu(match which.parse() {
                Ok(number) => Which::Number(number),
                Err(_) => Which::Named(which.to_lowercase()),
            })),
            ("cuda", "") => Ok(Self::Cuda(0)),
            ("cuda", number) => number
                .parse()
                .map(Self::Cuda)
                .map_err(|_| unknown.to_owned()),
            (number, "") => number
                .parse()
                .map(|number| Self::Gpu(Which::Number(number)))
                .map_err(|_| unknown.to_owned()),
            _ => Err(unknown.to_owned()),
        }
    }
}

/// A device and how to call it in logs.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    /// The device, without autodiff.
    pub(crate) device: Device,
    /// Backend and adapter.
    pub(crate) name: String,
    /// Threads among which the cases of a training step are shared out: all on a CPU, one that feeds a GPU.
    pub(crate) workers: usize,
}

impl Chosen {
    /// Tells whether this device is faster in a precision.
    ///
    /// # Errors
    /// It cannot compute in it.
    pub(crate) fn check_precision(&self, precision: Precision) -> Result<()> {
        if precision == Precision::F32 {
            return Ok(());
        }
        match MixedPrecision::of(&self.device, precision) {
            MixedPrecision::MatrixUnits => {}
            MixedPrecision::Rounded => note!(
                "note: train.precision = \"{precision}\": {} has no matrix units for it in this build: what is trained is the same, no sooner than with \"f32\"",
                self.name
            ),
            MixedPrecision::Missing => {
                return Err(usage(format!(
                    "train.precision = \"{precision}\": {} has no such numbers in this build; set it to \"f32\"{}",
                    self.name,
                    match MixedPrecision::of(&self.device, Precision::F16) {
                        MixedPrecision::Missing => "",
                        _ => " or \"f16\"",
                    }
                )));
            }
        }
        Ok(())
    }
}

/// The device that the arguments ask for.
///
/// # Errors
/// There is no such device, or this build cannot drive it; the message says what to do.
pub(crate) fn choose(args: &DeviceArgs) -> Result<Chosen> {
    let simulated = args.software_adapter;
    match &args.device {
        DeviceChoice::Cpu => Ok(cpu()),
        DeviceChoice::Auto => Ok(gpu(&Which::First, simulated).unwrap_or_else(|_| cpu())),
        DeviceChoice::Gpu(which) => gpu(which, simulated).map_err(usage),
        DeviceChoice::Cuda(number) => cuda(*number).map_err(usage),
    }
}

/// Several devices that share a work, in this order; `simulated` as [`DeviceArgs::software_adapter`].
///
/// # Errors
/// As for [`choose`], or one is named twice.
pub(crate) fn choose_all(devices: &[DeviceChoice], simulated: bool) -> Result<Vec<Chosen>> {
    let mut all: Vec<Chosen> = Vec::with_capacity(devices.len());
    for device in devices {
        let chosen = choose(&DeviceArgs {
            device: device.clone(),
            software_adapter: simulated,
        })?;
        if all.iter().any(|other| other.device == chosen.device) {
            return Err(usage(format!(
                "--devices names {} twice: name each device once; the threads of the CPU share its cases anyway (--threads)",
                chosen.name
            )));
        }
        all.push(chosen);
    }
    Ok(all)
}

/// The processor.
pub(crate) fn cpu() -> Chosen {
    Chosen {
        device: Device::flex(),
        name: "CPU (burn-flex)".to_owned(),
        workers: rayon::current_num_threads(),
    }
}

/// A GPU of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "gpu"), allow(dead_code))]
pub(crate) struct Gpu {
    /// As its driver calls it.
    pub(crate) name: String,
    /// Discrete, integrated, virtual or simulated.
    pub(crate) kind: GpuKind,
    /// Its number among those of its kind.
    nth: usize,
    /// Name and version.
    pub(crate) driver: String,
    /// Vulkan, Metal or DirectX 12.
    pub(crate) api: String,
}

/// Kinds of GPUs, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(not(feature = "gpu"), allow(dead_code))]
pub(crate) enum GpuKind {
    Discrete,
    Integrated,
    Virtual,
    Simulated,
}

impl GpuKind {
    /// For people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Discrete => "discrete",
            Self::Integrated => "integrated",
            Self::Virtual => "virtual",
            Self::Simulated => "simulated on the CPU",
        }
    }
}

/// Keeps a layer of Mesa from complaining on standard error that there is no desktop to ask which GPU it prefers. To be
/// called before there are threads.
#[allow(unsafe_code)]
pub(crate) fn quieten_drivers() {
    const SWITCH: &str = "NODEVICE_SELECT";
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() && std::env::var_os(SWITCH).is_none() {
        // SAFETY: the caller has no other thread.
        unsafe { std::env::set_var(SWITCH, "1") }
    }
}

/// All GPUs, the best kinds first, as `gpu:NUMBER` counts them.
#[cfg(feature = "gpu")]
pub(crate) fn gpus() -> Vec<Gpu> {
    use burn::tensor::wgpu::wgpu::{Backends, DeviceType, Instance, InstanceDescriptor};

    let of = |api: Backends| -> Vec<Gpu> {
        let instance = Instance::new(InstanceDescriptor {
            backends: api,
            ..InstanceDescriptor::new_without_display_handle()
        });
        let mut counts = [0; 4];
        let adapters = futures_lite::future::block_on(instance.enumerate_adapters(api));
        let known = adapters.iter().map(|adapter| adapter.get_info());
        known
            .filter_map(|info| {
                let kind = match info.device_type {
                    DeviceType::DiscreteGpu => GpuKind::Discrete,
                    DeviceType::IntegratedGpu => GpuKind::Integrated,
                    DeviceType::VirtualGpu => GpuKind::Virtual,
                    DeviceType::Cpu => GpuKind::Simulated,
                    DeviceType::Other => return None,
                };
                let nth = counts[kind as usize];
                counts[kind as usize] += 1;
                Some(Gpu {
                    name: info.name,
                    kind,
                    nth,
                    driver: format!("{} {}", info.driver, info.driver_info)
                        .trim()
                        .to_owned(),
                    api: info.backend.to_string(),
                })
            })
            .collect()
    };
    // burn computes through the first of these that has a real GPU, or else any.
    let mut found = Vec::new();
    for api in [Backends::VULKAN, Backends::METAL, Backends::DX12] {
        let gpus = of(api);
        let real = gpus.iter().any(|gpu| gpu.kind != GpuKind::Simulated);
        if real || found.is_empty() {
            found = gpus;
        }
        if real {
            break;
        }
    }
    found.sort_by_key(|gpu| gpu.kind);
    found
}

#[cfg(not(feature = "gpu"))]
pub(crate) fn gpus() -> Vec<Gpu> {
    Vec::new()
}

/// The chosen one of `gpus`; one that is simulated only where that is `accepted`.
#[cfg(any(feature = "gpu", test))]
fn pick<'a>(gpus: &'a [Gpu], which: &Which, accepted: bool) -> Result<&'a Gpu, String> {
    let listed = || {
        let names = gpus.iter().enumerate();
        let names: Vec<_> = names
            .map(|(i, gpu)| format!("gpu:{i} {}", gpu.name))
            .collect();
        names.join(", ")
    };
    let named = |part: &str| (gpus.iter()).find(|gpu| gpu.name.to_lowercase().contains(part));
    let Some(first) = gpus.first() else {
        return Err(
            "no GPU was found: install its Vulkan, Metal or DirectX 12 driver, or use --device cpu"
                .to_owned(),
        );
    };
    let gpu = match which {
        Which::First => first,
        // That of a model, such as 4090, is a name; a shorter one would be found in versions and in `HBM3`.
        Which::Number(number) => (gpus.get(*number))
            .or_else(|| named(&number.to_string()).filter(|_| *number >= 100))
            .ok_or_else(|| {
                format!(
                    "--device gpu:{number}: there is no such GPU; there are: {}",
                    listed()
                )
            })?,
        Which::Named(part) => named(part).ok_or_else(|| {
            format!(
                "--device gpu:{part}: no GPU has that name; there are: {}",
                listed()
            )
        })?,
    };
    if gpu.kind == GpuKind::Simulated && !accepted {
        let only = if gpus.len() == 1 {
            "the only GPU here"
        } else {
            "the GPU"
        };
        return Err(format!(
            "{only}, `{}`, is simulated on the CPU and slower than it: use --device cpu, or add --software-adapter to test the GPU path",
            gpu.name
        ));
    }
    Ok(gpu)
}

#[cfg(feature = "gpu")]
fn gpu(which: &Which, simulated: bool) -> Result<Chosen, String> {
    use burn::tensor::DeviceKind;

    let gpus = gpus();
    let gpu = pick(&gpus, which, simulated)?;
    let (kind, note) = match gpu.kind {
        GpuKind::Discrete => (DeviceKind::DiscreteGpu(gpu.nth), ""),
        GpuKind::Integrated => (DeviceKind::IntegratedGpu(gpu.nth), ""),
        GpuKind::Virtual => (DeviceKind::VirtualGpu(gpu.nth), ""),
        GpuKind::Simulated => (DeviceKind::Cpu, ", simulated"),
    };
    Ok(Chosen {
        device: Device::wgpu(kind),
        name: format!("{} (burn-wgpu, {}{note})", gpu.name, gpu.api),
        workers: 1,
    })
}

#[cfg(not(feature = "gpu"))]
fn gpu(_which: &Which, _simulated: bool) -> Result<Chosen, String> {
    Err(
        "this build cannot drive a GPU: build with `--features gpu`, or use --device cpu"
            .to_owned(),
    )
}

fn cuda(number: usize) -> Result<Chosen, String> {
    let (device, name) = cuda::device(number)?;
    Ok(Chosen {
        device,
        name: format!("{name} (burn-cuda)"),
        workers: 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpu(name: &str, kind: GpuKind) -> Gpu {
        Gpu {
            name: name.to_owned(),
            kind,
            nth: 0,
            driver: String::new(),
            api: "vulkan".to_owned(),
        }
    }

    #[test]
    fn a_device_is_a_word_a_number_or_a_name() {
        for (text, choice) in [
            ("auto", DeviceChoice::Auto),
            ("cpu", DeviceChoice::Cpu),
            ("gpu", DeviceChoice::Gpu(Which::First)),
            ("gpu:1", DeviceChoice::Gpu(Which::Number(1))),
            ("1", DeviceChoice::Gpu(Which::Number(1))),
            (
                "gpu:NVIDIA a",
                DeviceChoice::Gpu(Which::Named("nvidia a".to_owned())),
            ),
            ("cuda:2", DeviceChoice::Cuda(2)),
        ] {
            assert_eq!(text.parse(), Ok(choice), "{text}");
        }
        for text in ["", "tpu", "cpu:1", "cuda:x", "1x", "-1"] {
            let said = text.parse::<DeviceChoice>().unwrap_err();
            assert!(said.contains("trainer devices"), "{said}");
        }
    }

    #[test]
    fn the_cpu_rounds_to_any_precision() {
        for precision in [Precision::F32, Precision::Bf16, Precision::F16] {
            cpu().check_precision(precision).unwrap();
        }
    }

    #[test]
    fn a_device_that_is_named_twice_is_refused() {
        let choose = |devices: &[DeviceChoice]| choose_all(devices, false);
        assert_eq!(choose(&[DeviceChoice::Cpu]).unwrap().len(), 1);
        let said = choose(&[DeviceChoice::Cpu, DeviceChoice::Cpu]).unwrap_err();
        assert!(said.to_string().contains("CPU (burn-flex) twice"), "{said}");
    }

    #[test]
    fn a_gpu_is_found_by_number_or_name_and_a_simulated_one_is_accepted_first() {
        let gpus = [
            gpu("NVIDIA RTX 4090", GpuKind::Discrete),
            gpu("Intel UHD", GpuKind::Integrated),
            gpu("llvmpipe", GpuKind::Simulated),
        ];
        let name =
            |which: &Which, accepted| pick(&gpus, which, accepted).map(|gpu| gpu.name.as_str());
        assert_eq!(name(&Which::First, false), Ok("NVIDIA RTX 4090"));
        assert_eq!(name(&Which::Number(4090), false), Ok("NVIDIA RTX 4090"));
        assert_eq!(name(&Which::Number(1), false), Ok("Intel UHD"));
        assert_eq!(
            name(&Which::Named("uhd".to_owned()), false),
            Ok("Intel UHD")
        );
        let simulated = Which::Named("llvm".to_owned());
        assert_eq!(name(&simulated, true), Ok("llvmpipe"));
        assert!(
            name(&simulated, false)
                .unwrap_err()
                .contains("--software-adapter")
        );
        for which in [Which::Number(3), Which::Named("amd".to_owned())] {
            let said = name(&which, true).unwrap_err();
            assert!(said.contains("gpu:1 Intel UHD"), "{said}");
        }
        assert!(
            pick(&[], &Which::First, true)
                .unwrap_err()
                .contains("no GPU was found")
        );
    }
}
