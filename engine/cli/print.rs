//! Standard output and standard error. A reader that goes away is an error here, and no panic.

use std::io::{self, Write as _};

/// Prints a result; colours are left out where nobody sees them.
pub(super) fn out(text: &str) -> io::Result<()> {
    let mut stream = anstream::stdout().lock();
    stream.write_all(text.as_bytes())?;
    if !text.is_empty() && !text.ends_with('\n') {
        stream.write_all(b"\n")?;
    }
    stream.flush()
}

/// Prints a text that is a result byte for byte.
pub(super) fn exactly(text: &str) -> io::Result<()> {
    let mut stream = io::stdout().lock();
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

/// Tells the person something that is not a result. That nobody reads it is no fault.
pub(super) fn complain(text: &str) {
    let mut stream = anstream::stderr().lock();
    let _ = stream.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = stream.write_all(b"\n");
    }
}

/// Whether colours are seen on standard output.
pub(super) fn out_has_colors() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// Whether colours are seen on standard error.
pub(super) fn err_has_colors() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

/// Whether the reader of our output went away, as `head` does when it has enough.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let cause = cause.downcast_ref::<io::Error>();
        cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// Returns how wide the terminal behind standard error is.
pub(super) fn columns_of_err() -> usize {
    dialoguer::console::Term::stderr().size().1.into()
}
