//! The profile for `sandbox-exec`, the way to confine a program on macOS.

use std::fmt::Write as _;
use std::path::Path;

use crate::sandbox::{Confinement, Network};

/// Devices that a program may write.
const DEVICES: [&str; 5] =
    ["/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/dtracehelper"];

/// Writes the profile of a confinement: everything is refused that is not named.
///
/// The last rule that fits decides, so what is masked and frozen comes last.
pub fn of(confinement: &Confinement) -> String {
    let mut text = include_str!("profile.sb").to_owned();
    let temporary = Confinement::temporary(&confinement.scratch);
    rule(&mut text, "allow", "file-read* process-exec*", &confinement.files.readable);
    rule(&mut text, "allow", "file-read* process-exec*", &confinement.files.writable);
    rule(&mut text, "allow", "file-read* process-exec*", std::slice::from_ref(&temporary));
    rule(&mut text, "allow", "file-write*", &confinement.files.writable);
    rule(&mut text, "allow", "file-write*", &[temporary]);
    for device in DEVICES {
        let _ = writeln!(text, "(allow file-read* file-write-data (literal {}))", quoted(device));
    }
    rule(&mut text, "deny", "file-write*", &confinement.files.frozen);
    rule(&mut text, "deny", "file-read* file-write*", &confinement.files.masked);
    if let Network::Port(port) = confinement.network {
        let _ = writeln!(text, "(allow network-outbound (remote tcp \"localhost:{port}\"))");
    }
    text
}

fn rule(text: &mut String, verdict: &str, operations: &str, paths: &[impl AsRef<Path>]) {
    for path in paths {
        let path = quoted(&path.as_ref().display().to_string());
        let _ = writeln!(text, "({verdict} {operations} (subpath {path}))");
    }
}

/// Writes a string of the profile's language: a quote or a backslash in a path ends nothing.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::{Files, Level};

    fn confinement() -> Confinement {
        Confinement {
            level: Level::Kernel,
            program: "/usr/bin/make".into(),
            arguments: Vec::new(),
            cwd: "/p".into(),
            scratch: "/s".into(),
            files: Files {
                readable: vec!["/usr".into()],
                writable: vec!["/p".into()],
                masked: vec!["/p/.env".into()],
                frozen: vec!["/p/.git".into()],
            },
            network: Network::None,
        }
    }

    #[test]
    fn a_profile_begins_with_no_and_ends_with_what_is_closed() {
        let text = of(&confinement());
        assert!(text.contains("(deny default)"));
        let place = |rule: &str| text.find(rule).unwrap_or_else(|| panic!("no {rule}\n{text}"));
        let write = place("(allow file-write* (subpath \"/p\"))");
        assert!(write < place("(deny file-write* (subpath \"/p/.git\"))"));
        assert!(write < place("(deny file-read* file-write* (subpath \"/p/.env\"))"));
        assert!(!text.contains("(allow network"), "{text}");
    }

    #[test]
    fn the_network_is_one_port() {
        let text = of(&Confinement { network: Network::Port(4_711), ..confinement() });
        assert!(text.contains("(allow network-outbound (remote tcp \"localhost:4711\"))"));
    }

    #[test]
    fn a_path_cannot_end_its_string() {
        let writable = vec!["/p\")(allow default)(x \"".into()];
        let files = Files { writable, ..Files::default() };
        let text = of(&Confinement { files, ..confinement() });
        assert!(text.contains("(subpath \"/p\\\")(allow default)(x \\\"\")"), "{text}");
    }
}
