//! From the files of an airplane to one markdown text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde::Deserialize;
use serde_json::Value;

use crate::closed::Closed;
use crate::diagnostic::near;
use crate::lint::family;
use crate::playbook::{Bundle, Library, front_matter, without_ignored};
use crate::reference::{Reference, ReferenceKind, lock, tokens};
use crate::source::visible;

/// The page of an airplane that says what it is.
const SHEET: &str = "airplane.md";

/// The largest file that is shown, in bytes: a model app has no larger one that teaches.
const MAX_FILE: usize = 64 * 1024;

/// Flattens an airplane of the bundle's library to markdown: deterministic, manifests kept, lock
/// files reduced, binary and ignored files left out, secrets refused.
pub fn airplane(bundle: &Bundle, name: &str) -> Result<Reference, String> {
    let folder = format!("airplanes/{name}");
    let inside = format!("{folder}/");
    let odd = name.is_empty() || name.starts_with('.') || name.contains(['/', '\\']);
    let listed = if odd { Vec::new() } else { bundle.library.list(&folder) };
    let paths = listed.iter().filter_map(|file| file.strip_prefix(&inside)).map(str::to_owned);
    let mut tree = Tree { library: &bundle.library, folder, paths: paths.collect(), removed: 0 };
    if tree.paths.is_empty() {
        let near = near(name, bundle.airplanes.iter().map(String::as_str));
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(format!("there is no airplane `{name}`{hint}"));
    }
    tree.drop_ignored()?;
    tree.refuse_secrets()?;
    let (sheet, prose) = tree.sheet(name)?;
    let (shown, unshown) = tree.contents()?;
    let order = tree.order(&sheet, &shown)?;
    let mut text = sheet.head(&unshown);
    text.push_str(prose.trim());
    text.truncate(text.trim_end().len());
    let mut files = vec![(SHEET.to_owned(), tokens(&text))];
    for path in order {
        let content = &shown[path];
        let fence = fence(content);
        let _ = write!(text, "\n\n## `{path}`\n\n{fence}{}\n", language(path));
        text.push_str(content);
        text.push_str(&fence);
        files.push((path.clone(), tokens(content)));
    }
    text.push('\n');
    let mut reference =
        Reference::new(name, &sheet.description, ReferenceKind::Airplane, text, tree.removed);
    reference.files = files;
    Ok(reference)
}

/// The front matter of an `airplane.md`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sheet {
    airplane: u32,
    name: String,
    description: String,
    framework: Option<String>,
    version: Option<String>,
    #[serde(default)]
    languages: Vec<String>,
    #[serde(default)]
    shows: Vec<String>,
    #[serde(default)]
    entry: Vec<String>,
    /// How it is built, for those who keep it; the model has no use for it.
    #[serde(default, rename = "build")]
    _build: Vec<Vec<String>>,
    #[serde(default)]
    fake: Vec<String>,
}

impl Sheet {
    /// Says in few words what the model can trust the airplane for.
    fn head(&self, unshown: &[String]) -> String {
        let mut text = format!("# Airplane `{}`\n\n{}\n\n", self.name, self.description.trim());
        let framework = self.framework.iter().chain(&self.version).cloned().collect::<Vec<_>>();
        let lines = [
            ("for", framework.join(" ")),
            ("languages", self.languages.join(", ")),
            ("shows", self.shows.join(", ")),
            ("entry points", self.entry.join(", ")),
            ("fake", self.fake.join("; ")),
            ("left out", unshown.join(", ")),
        ];
        for (label, words) in lines.iter().filter(|(_, words)| !words.is_empty()) {
            let _ = writeln!(text, "- {label}: {words}");
        }
        text.push('\n');
        text
    }
}

/// The files of an airplane, by their paths inside it.
struct Tree<'a> {
    library: &'a Library,
    folder: String,
    paths: Vec<String>,
    /// Invisible characters that were removed.
    removed: usize,
}

impl Tree<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let path = format!("{}/{path}", self.folder);
        self.library.read(&path).map_err(|error| format!("cannot read `{path}`: {error}"))
    }

    /// Reads a file as it is shown, or nothing where it is binary.
    fn text(&mut self, path: &str) -> Result<Option<String>, String> {
        let bytes = self.read(path)?;
        if bytes.contains(&0) {
            return Ok(None);
        }
        let Ok(text) = String::from_utf8(bytes) else { return Ok(None) };
        let (text, removed) = visible(&text);
        self.removed += removed;
        Ok(Some(text.replace("\r\n", "\n")))
    }

    /// Drops what the airplane's own `.gitignore` files ignore.
    fn drop_ignored(&mut self) -> Result<(), String> {
        let mut rules: Vec<(String, Gitignore)> = Vec::new();
        for path in self.paths.clone() {
            let Some(folder) = path.strip_suffix(".gitignore") else { continue };
            if !folder.is_empty() && !folder.ends_with('/') {
                continue;
            }
            let wrong = |error: ignore::Error| format!("`{}/{path}`: {error}", self.folder);
            let mut builder = GitignoreBuilder::new("");
            for line in String::from_utf8_lossy(&self.read(&path)?).lines() {
                builder.add_line(None, line).map_err(wrong)?;
            }
            rules.push((folder.to_owned(), builder.build().map_err(wrong)?));
        }
        rules.sort_by_key(|(folder, _)| folder.len());
        self.paths.retain(|path| {
            let mut ignored = false;
            for (folder, rules) in &rules {
                let Some(inside) = path.strip_prefix(folder.as_str()) else { continue };
                let verdict = rules.matched_path_or_any_parents(Path::new(inside), false);
                ignored = verdict.is_ignore() || (ignored && !verdict.is_whitelist());
            }
            !ignored
        });
        Ok(())
    }

    fn refuse_secrets(&self) -> Result<(), String> {
        let secret = Closed::secret().map_err(|error| error.to_string())?;
        match self.paths.iter().find(|path| secret.holds(path)) {
            Some(path) => Err(format!(
                "the airplane holds `{}/{path}`, which may hold secrets; remove it, or keep an \
                 example such as `.env.example`",
                self.folder
            )),
            None => Ok(()),
        }
    }

    /// Reads what the airplane says about itself.
    fn sheet(&mut self, name: &str) -> Result<(Sheet, String), String> {
        let place = format!("{}/{SHEET}", self.folder);
        let wrong = |reason: String| format!("`{place}`: {reason}");
        if !self.paths.iter().any(|path| path == SHEET) {
            return Err(wrong("an airplane needs this page, which says what it shows".to_owned()));
        }
        let text = self.text(SHEET)?.ok_or_else(|| wrong("it is not text".to_owned()))?;
        let (data, prose) = front_matter(&text).map_err(wrong)?;
        let mut data = data.ok_or_else(|| {
            wrong("it has no front matter; begin it with `---`, YAML, and `---`".to_owned())
        })?;
        if let Value::Object(keys) = &mut data {
            keys.retain(|key, _| !key.starts_with("x_"));
        }
        let sheet: Sheet =
            serde_json::from_value(data).map_err(|error| wrong(error.to_string()))?;
        if sheet.airplane != 1 {
            return Err(wrong(format!("`airplane: {}` is not known; write 1", sheet.airplane)));
        }
        if sheet.name != name {
            let reason = format!("`name: {}` differs from the folder's name", sheet.name);
            return Err(wrong(reason));
        }
        let prose = without_ignored(prose).map_err(wrong)?.unwrap_or_default();
        Ok((sheet, prose))
    }

    /// Returns what is shown of each file, by path, and says what is not and why.
    fn contents(&mut self) -> Result<(BTreeMap<String, String>, Vec<String>), String> {
        let left_out = Closed::read(include_str!("left_out.txt"));
        let left_out = left_out.map_err(|error| error.to_string())?;
        let mut shown = BTreeMap::new();
        let mut unshown = Vec::new();
        for path in self.paths.clone() {
            let wrong = |reason: String| format!("`{}/{path}`: {reason}", self.folder);
            if path == SHEET {
                continue;
            }
            if let Some(versions) = self.reduced(&path)? {
                let versions = versions.map_err(wrong)?;
                if !versions.is_empty() {
                    shown.insert(path, format!("# direct dependencies as resolved\n{versions}"));
                }
                continue;
            }
            if left_out.holds(&path) {
                continue;
            }
            let Some(text) = self.text(&path)? else {
                unshown.push(format!("{path} (binary)"));
                continue;
            };
            if is_generated(&text) {
                unshown.push(format!("{path} (generated)"));
                continue;
            }
            let wrong = |reason: String| format!("`{}/{path}`: {reason}", self.folder);
            let Some(text) = without_ignored(&text).map_err(wrong)? else { continue };
            if text.len() > MAX_FILE {
                unshown.push(format!("{path} (too long)"));
                continue;
            }
            shown.insert(path, tidy(&text));
        }
        Ok((shown, unshown))
    }

    /// Reduces a lock file, when it is one.
    fn reduced(&self, path: &str) -> Result<Option<Result<String, String>>, String> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let beside = |manifest: &str| {
            let path = if folder.is_empty() {
                manifest.to_owned()
            } else {
                format!("{folder}/{manifest}")
            };
            String::from_utf8(self.read(&path).ok()?).ok()
        };
        if !lock::is_lock(name) {
            return Ok(None);
        }
        let bytes = self.read(path)?;
        Ok(lock::reduce(name, &String::from_utf8_lossy(&bytes), &beside))
    }

    /// Puts the pages that explain first, then manifests, entry points and the rest.
    fn order<'a>(
        &self,
        sheet: &Sheet,
        shown: &'a BTreeMap<String, String>,
    ) -> Result<Vec<&'a String>, String> {
        let manifests = family::manifests().map_err(|error| error.to_string())?;
        if let Some(entry) = sheet.entry.iter().find(|entry| !shown.contains_key(*entry)) {
            let folder = &self.folder;
            return Err(format!("`{folder}/{SHEET}`: the entry point `{entry}` is not shown"));
        }
        let rank = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or(path);
            let entry = sheet.entry.iter().position(|entry| entry == path);
            if !path.contains('/') && name.to_lowercase().starts_with("readme") {
                (0, 0)
            } else if manifests.holds(path) {
                (1, 0)
            } else if lock::is_lock(name) {
                (2, 0)
            } else {
                entry.map_or((4, 0), |entry| (3, entry))
            }
        };
        let mut paths: Vec<&String> = shown.keys().collect();
        paths.sort_by_key(|path| (rank(path), *path));
        Ok(paths)
    }
}

/// Whether a program wrote the file, by what its first lines say.
fn is_generated(text: &str) -> bool {
    text.lines().take(5).any(|line| {
        let line = line.to_lowercase();
        line.contains("@generated") || (line.contains("generated") && line.contains("do not edit"))
    })
}

/// Ends a text with exactly one line end; an empty one stays empty.
fn tidy(text: &str) -> String {
    let text = text.trim_end();
    if text.is_empty() { String::new() } else { format!("{text}\n") }
}

/// Returns a fence that nothing in the text closes.
fn fence(text: &str) -> String {
    let runs = text.split(|letter| letter != '`').map(str::len);
    "`".repeat((runs.max().unwrap_or_default() + 1).max(3))
}

/// Returns the word after a fence for a file, by its ending.
fn language(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some((stem, ending)) = name.rsplit_once('.') else { return "" };
    match ending {
        "py" => "python",
        "js" | "mjs" | "cjs" => "javascript",
        "ts" | "mts" | "cts" => "typescript",
        "rb" => "ruby",
        "rs" => "rust",
        "kt" | "kts" => "kotlin",
        "md" | "mdx" => "markdown",
        "yml" => "yaml",
        "sh" => "bash",
        "txt" | "lock" | "mod" => "",
        _ if stem.starts_with(".env") => "",
        _ if ending.len() <= 6 && ending.chars().all(|letter| letter.is_ascii_alphanumeric()) => {
            ending
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playbook::load_text;
    use crate::reference::Index;

    const SHEET_TEXT: &str = "---\nairplane: 1\nname: shop\ndescription: A shop.\nframework: web\nversion: '>=2'\nshows: [capture]\nentry: [src/main.js]\nfake: [any password will do]\n---\n\nRead `src/main.js` first.\n";

    /// Writes a library with one airplane, which has a sheet and these files.
    fn library(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Bundle) {
        let folder = tempfile::tempdir().unwrap();
        let sheet: (&str, &[u8]) = ("airplane.md", SHEET_TEXT.as_bytes());
        let main: (&str, &[u8]) = ("src/main.js", b"start()\r\n");
        for (path, bytes) in [sheet, main].iter().chain(files) {
            let path = folder.path().join("airplanes/shop").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let mut bundle = load_text("p.md", "---\n---\n");
        bundle.library = Library::Folder(folder.path().to_owned());
        bundle.airplanes = vec!["shop".to_owned()];
        (folder, bundle)
    }

    fn paths(reference: &Reference) -> Vec<&str> {
        reference.files.iter().map(|(path, _)| path.as_str()).collect()
    }

    #[test]
    fn files_stand_in_the_order_in_which_they_explain() {
        let (_folder, bundle) = library(&[
            ("src/a.js", b"```\n## `src/main.js`\n\n````\n"),
            ("README.md", b"# Shop\n"),
            ("package.json", b"{\"dependencies\": {\"web\": \"2\"}}\n"),
            (
                "package-lock.json",
                b"{\"packages\": {\"node_modules/web\": {\"version\": \"2.1.0\"}}}",
            ),
            ("src/empty.py", b""),
        ]);
        let reference = airplane(&bundle, "shop").unwrap();
        let wanted = "# Airplane `shop`\n\nA shop.\n\n- for: web >=2\n- shows: capture\n- entry points: src/main.js\n- fake: any password will do\n\nRead `src/main.js` first.\n\n## `README.md`\n\n```markdown\n# Shop\n```\n\n## `package.json`\n\n```json\n{\"dependencies\": {\"web\": \"2\"}}\n```\n\n## `package-lock.json`\n\n```json\n# direct dependencies as resolved\nweb 2.1.0\n```\n\n## `src/main.js`\n\n```javascript\nstart()\n```\n\n## `src/a.js`\n\n`````javascript\n```\n## `src/main.js`\n\n````\n`````\n\n## `src/empty.py`\n\n```python\n```\n";
        assert_eq!(reference.text, wanted);
        assert_eq!(reference.about, "A shop.");
        assert_eq!(reference.files[4], ("src/main.js".to_owned(), 2));
        assert_eq!(reference, airplane(&bundle, "shop").unwrap());
        let index = Index { references: vec![reference.into()] };
        assert_eq!(index.section("shop", "a.js").unwrap(), "```\n## `src/main.js`\n\n````\n");
        assert_eq!(index.section("shop", "src/main.js").unwrap(), "start()\n");
    }

    #[test]
    fn what_teaches_nothing_is_left_out_and_what_is_unexpected_is_named() {
        let (_folder, bundle) = library(&[
            (".gitignore", b"/made\n*.log\n!kept.log\n.env\n"),
            (".env", b"KEY=canary\n"),
            ("made/x.js", b"x"),
            ("a.log", b"x"),
            ("src/kept.log", b"x"),
            ("src/.gitignore", b"local.js\n"),
            ("src/local.js", b"x"),
            ("logo.png", b"\x89PNG"),
            ("data.bin", b"a\0b"),
            ("client.js", b"// @generated by a tool\nx\n"),
            ("long.txt", "x".repeat(70_000).as_bytes()),
            ("node_modules/web/index.js", b"x"),
            ("hidden.js", b"// wizard:ignore-file\nx\n"),
            ("shown.js", b"a\nb // wizard:ignore\nc\xe2\x80\x8b\n"),
        ]);
        let reference = airplane(&bundle, "shop").unwrap();
        assert_eq!(paths(&reference), ["airplane.md", "src/main.js", "shown.js", "src/kept.log"]);
        let left_out =
            "- left out: client.js (generated), data.bin (binary), long.txt (too long)\n";
        assert!(reference.text.contains(left_out), "{}", reference.text);
        assert!(reference.text.contains("```javascript\na\nc\n```"), "{}", reference.text);
        assert_eq!(reference.invisible, 1);
    }

    #[test]
    fn a_faulty_airplane_is_refused_by_the_name_of_its_file() {
        let unclosed: (&str, &[u8]) = ("a.js", b"// wizard:ignore-start\n");
        let sheet = |text: &'static str| ("airplane.md", text.as_bytes());
        let cases = [
            ((".env", &b"KEY=canary"[..]), "`airplanes/shop/.env`, which may hold secrets"),
            (("keys/server.pem", b"x"), "`airplanes/shop/keys/server.pem`"),
            (unclosed, "`airplanes/shop/a.js`: line 1: `wizard:ignore-start` is never ended"),
            (("app/package-lock.json", b"{"), "package-lock.json`: EOF"),
            (sheet("no front matter"), "`airplanes/shop/airplane.md`: it has no front matter"),
            (sheet("---\nairplane: 1\nname: x\ndescription: d\n---\n"), "differs from the folder"),
            (sheet("---\nairplane: 2\nname: shop\ndescription: d\n---\n"), "write 1"),
            (sheet("---\nairplane: 1\nname: shop\ndescription: d\nshow: []\n---\n"), "`show`"),
            (sheet("---\nairplane: 1\nname: [\n---\n"), "airplane.md`: line "),
            (
                sheet("---\nairplane: 1\nname: shop\ndescription: d\nentry: [b.js]\n---\n"),
                "the entry point `b.js` is not shown",
            ),
        ];
        for (file, wanted) in cases {
            let (_folder, bundle) = library(&[file]);
            let error = airplane(&bundle, "shop").unwrap_err();
            assert!(error.contains(wanted), "{error}");
        }
        let (_folder, bundle) = library(&[]);
        let error = airplane(&bundle, "shp").unwrap_err();
        assert_eq!(error, "there is no airplane `shp`; did you mean `shop`?");
        for name in ["..", "../playbooks", ""] {
            assert!(airplane(&bundle, name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn every_airplane_that_is_compiled_in_is_slim_and_stable() {
        let mut bundle = load_text("p.md", "---\n---\n");
        bundle.library = Library::Builtin;
        let listed = Library::Builtin.list("airplanes").into_iter();
        let mut names: Vec<String> = listed
            .filter_map(|path| Some(path.split_once('/')?.1.split_once('/')?.0.to_owned()))
            .collect();
        names.dedup();
        assert_ne!(names.len(), 0);
        for name in names {
            let reference = airplane(&bundle, &name).unwrap();
            assert!(reference.tokens < 8_000, "{name} has {} tokens", reference.tokens);
            assert_eq!(reference, airplane(&bundle, &name).unwrap());
        }
    }
}
