//! What a command prints. A reader that has seen enough (`| head`) ends no run: what is written to a closed pipe goes
//! nowhere. Any other failure, such as a full disk behind `>`, is the command's failure when its work is done.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;

/// The first failure of standard output that is no closed pipe.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// A line on standard output, for the result of a command; arguments as of `format!`.
macro_rules! say {
    ($($text:tt)*) => { $crate::system::say::out(format_args!("{}\n", format_args!($($text)*))) };
}

/// A line on standard error, for progress and notes; arguments as of `format!`.
macro_rules! note {
    ($($text:tt)*) => { $crate::system::say::aside(format_args!($($text)*)) };
}

pub(crate) use {note, say};

/// `text` on standard output, as it is.
pub(crate) fn out(text: Arguments<'_>) {
    if let Err(error) = written(&mut io::stdout().lock(), text) {
        // The first one says why.
        let _ = LOST.set(error);
    }
}

/// `text` as a line on standard error; there is nowhere to tell that this failed.
pub(crate) fn aside(text: Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Why a part of what was printed is nowhere, if it is.
pub(crate) fn lost() -> Option<&'static io::Error> {
    LOST.get()
}

fn written(to: &mut impl Write, text: Arguments<'_>) -> io::Result<()> {
    match to.write_fmt(text).and_then(|()| to.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every write fails with this kind.
    struct Fails(ErrorKind);

    impl Write for Fails {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_no_failure_and_a_full_disk_is_one() {
        assert!(written(&mut Fails(ErrorKind::BrokenPipe), format_args!("seen")).is_ok());
        let full = written(&mut Fails(ErrorKind::StorageFull), format_args!("seen"));
        assert_eq!(full.unwrap_err().kind(), ErrorKind::StorageFull);
    }
}
