//! The `trainer` command; all of it is in the library, so that what it reads can be fuzzed.

use std::process::ExitCode;

fn main() -> ExitCode {
    trainer::main()
}
