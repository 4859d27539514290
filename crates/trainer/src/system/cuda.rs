//! NVIDIA GPUs through CUDA, whose libraries are looked for at run time.

use burn::tensor::Device;

/// Names of all GPUs, as `cuda:NUMBER` counts them.
///
/// # Errors
/// This machine has no CUDA that answers.
#[cfg(feature = "cuda")]
#[allow(unsafe_code)]
pub(crate) fn names() -> Result<Vec<String>, String> {
    use cudarc::driver::result::{self, DriverError, device};

    // SAFETY: what runs when these libraries are loaded is NVIDIA's, and does nothing but begin.
    let (driver, compiler) = unsafe {
        let driver = cudarc::driver::sys::is_culib_present();
        (driver, cudarc::nvrtc::sys::is_culib_present())
    };
    if !driver {
        return Err(
            "NVIDIA's driver (libcuda) is not here: install it, or use --device cpu".to_owned(),
        );
    }
    if !compiler {
        return Err(
            "NVIDIA's compiler of kernels (libnvrtc) is not here: install the CUDA toolkit, or use --device gpu, which needs the driver only"
                .to_owned(),
        );
    }
    let names = || -> Result<Vec<String>, DriverError> {
        result::init()?;
        let count = device::get_count()?;
        (0..count)
            .map(|number| device::get_name(device::get(number)?))
            .collect()
    };
    names().map_err(|error| format!("CUDA does not answer: {error}"))
}

/// One of them, and its name.
///
/// # Errors
/// It is not there.
#[cfg(feature = "cuda")]
pub(crate) fn device(number: usize) -> Result<(Device, String), String> {
    let names = names()?;
    let name = pick(&names, number)?;
    Ok((Device::cuda(number), name.to_owned()))
}

#[cfg(not(feature = "cuda"))]
pub(crate) fn device(_number: usize) -> Result<(Device, String), String> {
    Err(
        "this build has no CUDA: build with `cargo run -p trainer --features cuda`, or use --device gpu, which drives NVIDIA GPUs through Vulkan"
            .to_owned(),
    )
}

#[cfg(any(feature = "cuda", test))]
fn pick(names: &[String], number: usize) -> Result<&str, String> {
    if let Some(name) = names.get(number) {
        return Ok(name);
    }
    let listed: Vec<_> = (names.iter().enumerate())
        .map(|(number, name)| format!("cuda:{number} {name}"))
        .collect();
    Err(if listed.is_empty() {
        "CUDA finds no GPU: use --device cpu".to_owned()
    } else {
        format!(
            "--device cuda:{number}: there is no such GPU; there are: {}",
            listed.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_is_picked_by_its_number_and_a_missing_one_is_told_with_those_that_are_there() {
        let names = ["H200".to_owned(), "A100".to_owned()];
        assert_eq!(pick(&names, 1), Ok("A100"));
        let error = pick(&names, 2).unwrap_err();
        assert!(error.contains("cuda:2") && error.contains("cuda:0 H200, cuda:1 A100"));
        assert!(pick(&[], 0).unwrap_err().contains("--device cpu"));
    }
}
