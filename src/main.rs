//! The `auditform` binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    auditform::cli::run(std::env::args_os())
}
