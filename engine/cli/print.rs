//! Standard output and standard error. A reader that goes away is an error here, and no panic.

use std::io::{self, Write as _};

/// Writes to standard output; colours are left out where nobody sees them.
pub(super) fn out(text: &str) -> io::Result<()> {
    let mut stream = anstream::stdout().lock();
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

/// Writes to standard error; colours are left out where nobody sees them.
pub(super) fn err(text: &str) -> io::Result<()> {
    let mut stream = anstream::stderr().lock();
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

/// Whether the reader of our output went away, as `head` does when it has enough.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let cause = cause.downcast_ref::<io::Error>();
        cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
    })
}
