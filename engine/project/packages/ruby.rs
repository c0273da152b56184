//! Packages of Ruby projects.

use std::path::Path;

use super::{Place, Sight};
use crate::project::files::text;

pub(super) fn look(place: Place<'_>, name: &str) -> Sight {
    let manifest = place.text("Gemfile").unwrap_or_default();
    let declared = manifest.lines().find_map(|line| declaration(line, name));
    let locked = |path: &Path, _: &Path| locked(path, name);
    let locked = place.locked(declared.is_some(), &[("Gemfile.lock", &locked)]);
    locked.unwrap_or_else(|| match declared {
        Some(range) => Sight::Declared(range, "Gemfile".to_owned()),
        None => Sight::Absent("`Gemfile`".to_owned()),
    })
}

/// Reads `    name (1.2.3)` below `specs:`; what a gem needs stands deeper, and a platform may
/// follow the version.
fn locked(path: &Path, name: &str) -> Vec<String> {
    let text = text(path).unwrap_or_default();
    let versions = text.lines().filter_map(|line| {
        let version = line.strip_prefix("    ")?.strip_prefix(name)?.strip_prefix(" (")?;
        Some(version.strip_suffix(')')?.split('-').next()?.to_owned())
    });
    versions.collect()
}

/// Reads `gem "name", "~> 1.2", ">= 1.2.3"`; without a range it is any version.
fn declaration(line: &str, name: &str) -> Option<String> {
    let rest = line.trim().strip_prefix("gem")?.trim_start_matches([' ', '(']);
    let mut texts = rest.split(',').map(str::trim);
    let quoted = |text: &str| {
        let quote = text.chars().next().filter(|letter| matches!(letter, '"' | '\''))?;
        Some(text[1..].split(quote).next()?.to_owned())
    };
    if quoted(texts.next()?)? != name {
        return None;
    }
    Some(texts.map_while(quoted).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use crate::project::packages::tests::sight;

    const MANIFEST: (&str, &str) = (
        "Gemfile",
        "source \"https://example.com\"\n\ngem \"acme\", \"~> 7.1\", \">= 7.1.2\"\ngem 'bare', require: false\n# gem \"no\"\ngem(\"acme-more\")\n",
    );

    #[test]
    fn the_lock_file_decides() {
        let lock = "GEM\n  remote: https://example.com/\n  specs:\n    acme (7.1.3)\n      deep (>= 2)\n    acme-more (1.0.0)\n    deep (2.4.0-x86_64-linux)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  acme (~> 7.1)\n";
        let files = [MANIFEST, ("Gemfile.lock", lock)];
        assert_eq!(sight(&files, "acme"), "7.1.3 locked in `Gemfile.lock`");
        assert_eq!(sight(&files, "deep"), "2.4.0 locked in `Gemfile.lock`");
    }

    #[test]
    fn without_one_the_manifest_speaks() {
        assert_eq!(sight(&[MANIFEST], "acme"), "declared `~> 7.1, >= 7.1.2` in Gemfile");
        assert_eq!(sight(&[MANIFEST], "bare"), "declared `` in Gemfile");
        assert_eq!(sight(&[MANIFEST], "acme-more"), "declared `` in Gemfile");
        assert_eq!(sight(&[MANIFEST], "no"), "absent from `Gemfile`");
    }
}
