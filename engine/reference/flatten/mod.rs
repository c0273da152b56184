//! From the files of an airplane, or of any other folder, to one markdown text.
//!
//! **Invariant:** what a play shows of an airplane and what `wizard airplane flatten` prints of it
//! are made by [`flatten`], of the folder's files alone.

mod contents;
mod sheet;

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::diagnostic::near;
use crate::playbook::{Bundle, Library, hex};
use crate::redact::Redactor;
use crate::reference::pieces::contents_of;
use crate::reference::{Reference, ReferenceKind, tokens};

use contents::Folder;

pub use sheet::{Run, SHEET, Sheet, sheet_schema};

/// A folder as one markdown text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flat {
    /// What it says of itself, where it is an airplane.
    pub sheet: Option<Sheet>,
    /// The markdown.
    pub text: String,
    /// Tokens of the text, estimated as bytes / 4.
    pub tokens: u64,
    /// SHA-256 of the text, in hex.
    pub hash: String,
    /// Each file that is shown with its tokens, in the order of the text.
    pub files: Vec<(String, u64)>,
    /// What is not shown although nothing says that it is of no use, with the reason.
    pub left_out: Vec<(String, String)>,
    /// Secrets that stand masked in it: none in an airplane, which is refused instead.
    pub masked: usize,
    /// Invisible characters that were removed.
    pub invisible: usize,
}

/// Why a folder has no text for the model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlattenError {
    /// There is none.
    #[error("{0}")]
    Unknown(String),
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// It is not as an airplane must be; it may hold secrets.
    #[error("{0}")]
    Faulty(String),
}

/// Flattens a folder of a library to markdown: deterministic, the page that explains first,
/// manifests kept whole, lock files reduced, binary, generated and ignored files left out.
///
/// An airplane, which has an `airplane.md`, is refused when it holds what looks like a secret. Of
/// any other folder closed files are left out, and what `redactor` knows is masked.
pub fn flatten(
    library: &Library,
    folder: &str,
    name: &str,
    redactor: &Redactor,
) -> Result<Flat, FlattenError> {
    let mut folder = Folder::list(library, folder)?;
    if !folder.has(SHEET) {
        return bare(folder, name, redactor);
    }
    let (sheet, prose) = folder.sheet(name)?;
    let contents = folder.contents(None)?;
    let order = contents.order(&folder, &sheet.entry)?;
    let mut text = sheet.head(&contents.named());
    text.push_str(prose.trim());
    text.truncate(text.trim_end().len());
    let files = vec![(SHEET.to_owned(), tokens(&text))];
    Ok(flat(text, files, &order, &contents, folder.removed, Some(sheet)))
}

/// Flattens an airplane of the bundle's library.
pub fn flat_airplane(bundle: &Bundle, name: &str) -> Result<(Flat, Sheet), String> {
    let odd = name.is_empty() || name.starts_with('.') || name.contains(['/', '\\']);
    let folder = format!("airplanes/{name}");
    let redactor = Redactor::default();
    let flat = if odd { None } else { Some(flatten(&bundle.library, &folder, name, &redactor)) };
    let flat = match flat {
        None | Some(Err(FlattenError::Unknown(_))) => {
            let near = near(name, bundle.airplanes.iter().map(String::as_str));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(format!("there is no airplane `{name}`{hint}"));
        }
        Some(flat) => flat.map_err(|error| error.to_string())?,
    };
    let sheet = flat.sheet.clone().ok_or_else(|| {
        format!("`{folder}/{SHEET}`: an airplane needs this page, which says what it shows")
    })?;
    Ok((flat, sheet))
}

/// Flattens an airplane of the bundle's library, as a play shows it to the model.
pub fn airplane(bundle: &Bundle, name: &str) -> Result<Reference, String> {
    let (flat, sheet) = flat_airplane(bundle, name)?;
    let kind = ReferenceKind::Airplane;
    let mut reference = Reference::new(name, &sheet.description, kind, flat.text, flat.invisible);
    reference.files = flat.files;
    Ok(reference)
}

impl Flat {
    /// Returns each file of an airplane that is shown with its text, its own page left out.
    pub fn contents(&self) -> Vec<(&str, &str)> {
        let pieces = self.sheet.iter().flat_map(|_| contents_of(&self.text, &self.files));
        pieces.skip(1).collect()
    }
}

/// Flattens a folder that says nothing of itself.
fn bare(mut folder: Folder<'_>, name: &str, redactor: &Redactor) -> Result<Flat, FlattenError> {
    let contents = folder.contents(Some(redactor))?;
    let order = contents.order(&folder, &[])?;
    let mut text = format!("# Files of `{name}`\n");
    let left_out = contents.named();
    if !left_out.is_empty() {
        let _ = write!(text, "\n- left out: {}\n", left_out.join(", "));
    }
    text.truncate(text.trim_end().len());
    Ok(flat(text, Vec::new(), &order, &contents, folder.removed, None))
}

/// Appends the files to what stands before them.
fn flat(
    mut text: String,
    mut files: Vec<(String, u64)>,
    order: &[&String],
    contents: &contents::Contents,
    invisible: usize,
    sheet: Option<Sheet>,
) -> Flat {
    for path in order {
        let content = &contents.shown[*path];
        let fence = fence(content);
        let _ = write!(text, "\n\n## `{path}`\n\n{fence}{}\n", language(path));
        text.push_str(content);
        text.push_str(&fence);
        files.push(((*path).clone(), tokens(content)));
    }
    text.push('\n');
    Flat {
        sheet,
        tokens: tokens(&text),
        hash: hex(&Sha256::digest(text.as_bytes())),
        text,
        files,
        left_out: contents.left_out.clone(),
        masked: contents.masked,
        invisible,
    }
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

    const KEY: &str = concat!("-----BEGIN ", "PRIVATE KEY-----\nx\n");

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
            (
                sheet("---\nairplane: 1\nname: shop\ndescription: d\nshow: []\n---\n"),
                "'show' was unexpected",
            ),
            (
                sheet("---\nairplane: 1\nname: shop\ndescription: d\nbuild: [[]]\n---\n"),
                "a command without words",
            ),
            (
                sheet(
                    "---\nairplane: 1\nname: shop\ndescription: d\nrun: {start: [a], port: 80, ask: [/]}\n---\n",
                ),
                "`port: 80` wants rights",
            ),
            (
                sheet(
                    "---\nairplane: 1\nname: shop\ndescription: d\nrun: {start: [a], port: 3000, ask: ['/a b']}\n---\n",
                ),
                "`ask` has `/a b`",
            ),
            (
                ("a.js", b"a\nconst at = 'https://shop:t9Kq2vXw7LmZ@pay.example.com'\n"),
                "what looks like a secret: `airplanes/shop/a.js` line 2 has a password in an address;",
            ),
            (("notes.txt", KEY.as_bytes()), "`airplanes/shop/notes.txt`, which may hold secrets"),
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
    fn a_folder_that_is_no_airplane_is_shown_without_its_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let files: [(&str, &[u8]); 8] = [
            ("app.py", b"at = 'https://shop:t9Kq2vXw7LmZ@pay.example.com'\n"),
            (".env", b"KEY=canary\n"),
            ("notes.txt", KEY.as_bytes()),
            ("requirements.txt", b"web==2\n"),
            ("readme.md", b"# Shop\n"),
            ("api.py", b"x = 1\n"),
            (".gitattributes", b"api.py linguist-generated=true\nbig.bin binary\n"),
            ("cafe.txt", b"caf\xe9"),
        ];
        for (path, bytes) in files {
            std::fs::write(folder.path().join(path), bytes).unwrap();
        }
        std::fs::write(folder.path().join("vast.bin"), vec![b'a'; 5 * 1024 * 1024]).unwrap();
        let library = Library::Folder(folder.path().to_owned());
        let flat = flatten(&library, "", "shop", &Redactor::default()).unwrap();
        let paths: Vec<&str> = flat.files.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["readme.md", "requirements.txt", "app.py"]);
        assert!(flat.text.starts_with("# Files of `shop`\n\n- left out: api.py (generated), cafe.txt (binary)\n\n## `readme.md`\n"), "{}", flat.text);
        assert_eq!(flat.masked, 1);
        assert!(!flat.text.contains("t9Kq2vXw7LmZ"));
        let left_out: Vec<String> =
            flat.left_out.iter().map(|(path, why)| format!("{path}: {why}")).collect();
        assert_eq!(
            left_out,
            [
                "api.py: generated",
                "cafe.txt: binary",
                ".env: may hold secrets",
                "notes.txt: may hold secrets",
                "vast.bin: too long"
            ]
        );
        let none = flatten(&library, "none", "none", &Redactor::default()).unwrap_err();
        assert!(matches!(none, FlattenError::Unknown(_)), "{none}");
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
