//! Requirements, held against a project.

use serde_json::Value;

use crate::playbook::{DataFormat, DataTest, Requirement, RequirementKind};
use crate::project::files::{Files, Unread};
use crate::project::packages::{self, Sight};
use crate::project::{Project, Verdict, git, program};
use crate::version::{Range, Version};

/// How many files a verdict names.
const MOST_NAMED: usize = 3;

/// The longest value that a verdict shows, in characters.
const LONGEST_VALUE: usize = 120;

impl Project {
    /// Holds a requirement against the project. Reads files, runs nothing.
    pub fn verdict(&self, requirement: &Requirement) -> Verdict {
        let verdict = self.holds(&requirement.kind);
        if requirement.not { verdict.opposite() } else { verdict }
    }

    /// Says a requirement in words for the person, such as "package `next` >=15.3".
    pub fn describe(requirement: &Requirement) -> String {
        let text = match &requirement.kind {
            RequirementKind::Package { name, version: None } => format!("package `{name}`"),
            RequirementKind::Package { name, version: Some(version) } => {
                format!("package `{name}` {}", version.value)
            }
            RequirementKind::File(glob) => format!("a file `{glob}`"),
            RequirementKind::Data(DataTest { file, pointer, equals: Some(equals), .. }) => {
                format!("`{file}` with {equals} at `{pointer}`")
            }
            RequirementKind::Data(DataTest { file, pointer, equals: None, .. }) => {
                format!("`{file}` with something at `{pointer}`")
            }
            RequirementKind::Contains { text, within } => format!("`{text}` in `{within}`"),
            RequirementKind::Program(name) => format!("program `{name}`"),
            RequirementKind::GitClean => "a git work tree without uncommitted changes".to_owned(),
            RequirementKind::Any(list) => {
                let texts: Vec<String> = list.iter().map(Project::describe).collect();
                format!("one of: {}", texts.join("; "))
            }
        };
        if requirement.not { format!("not: {text}") } else { text }
    }

    fn holds(&self, kind: &RequirementKind) -> Verdict {
        let held = match kind {
            RequirementKind::Package { name, version } => {
                Ok(self.package(name, version.as_ref().map(|version| version.value.as_str())))
            }
            RequirementKind::File(glob) => self.file(glob),
            RequirementKind::Data(wanted) => self.data(wanted),
            RequirementKind::Contains { text, within } => self.contains(text, within),
            RequirementKind::Program(name) => Ok(self.has_program(name)),
            RequirementKind::GitClean => Ok(git::is_clean(&self.root)),
            RequirementKind::Any(list) => Ok(self.any(list)),
        };
        held.unwrap_or_else(Verdict::Unknown)
    }

    fn package(&self, name: &str, wanted: Option<&str>) -> Verdict {
        let sight = packages::look(self, name);
        let range = match wanted.map(|wanted| (wanted, Range::parse(wanted))) {
            Some((wanted, None)) => {
                return Verdict::Unknown(format!(
                    "`{wanted}` is not a range of versions; write one such as `>=15.3`"
                ));
            }
            Some((_, Some(range))) => Some(range),
            None => None,
        };
        match sight {
            Sight::Exact(versions, place) => of_versions(&versions, &place, range.as_ref()),
            Sight::Declared(declared, file) => of_range(&declared, &file, range.as_ref()),
            Sight::Absent(manifests) if manifests.is_empty() => {
                Verdict::Unmet("the project has no manifest that is known".to_owned())
            }
            Sight::Absent(manifests) => {
                Verdict::Unmet(format!("it is not among the packages of {manifests}"))
            }
            Sight::Hidden(why) => Verdict::Unknown(why),
        }
    }

    fn file(&self, glob: &str) -> Result<Verdict, String> {
        let matches = Files::of(&self.root)?.matching(glob)?;
        Ok(match (matches.files.as_slice(), matches.cut) {
            ([], false) => Verdict::Unmet(format!("no file matches `{glob}`")),
            ([], true) => Verdict::Unknown(format!(
                "the project has too many files to tell that none matches `{glob}`; narrow the glob"
            )),
            (files, _) => Verdict::Met(named(files)),
        })
    }

    fn data(&self, wanted: &DataTest) -> Result<Verdict, String> {
        let DataTest { file, format, pointer, equals } = wanted;
        let text = match Files::of(&self.root)?.read(file) {
            Ok(text) => text,
            Err(Unread::Missing) => {
                return Ok(Verdict::Unmet(format!("there is no file `{file}`")));
            }
            Err(Unread::Closed(why)) => return Err(why),
        };
        let value = match format {
            DataFormat::Json => serde_json::from_str(&text).map_err(|error| error.to_string()),
            DataFormat::Toml => toml::from_str::<toml::Table>(&text)
                .map(|table| json_of(toml::Value::Table(table)))
                .map_err(|error| error.message().to_owned()),
        };
        let value: Value = value.map_err(|error| format!("`{file}` cannot be read: {error}"))?;
        let Some(found) = value.pointer(pointer) else {
            return Ok(Verdict::Unmet(format!("nothing is at `{pointer}`")));
        };
        let holds = equals.as_ref().is_none_or(|equals| same(found, equals));
        let shown = shown(found);
        Ok(if holds { Verdict::Met(shown) } else { Verdict::Unmet(shown) })
    }

    fn contains(&self, text: &str, within: &str) -> Result<Verdict, String> {
        let files = Files::of(&self.root)?;
        let matches = files.matching(within)?;
        if matches.files.is_empty() && !matches.cut {
            return Ok(Verdict::Unmet(format!("no file matches `{within}`")));
        }
        let mut unread = None;
        for file in &matches.files {
            match files.read(file) {
                Ok(content) if content.contains(text) => {
                    return Ok(Verdict::Met(format!("`{file}`")));
                }
                Ok(_) | Err(Unread::Missing) => {}
                Err(Unread::Closed(why)) => unread = unread.or(Some(why)),
            }
        }
        match unread {
            Some(why) => Err(why),
            None if matches.cut => Err(format!(
                "the project has too many files to tell that none of `{within}` has it; narrow the \
                 glob"
            )),
            None => Ok(Verdict::Unmet(format!("not in {}", named(&matches.files)))),
        }
    }

    fn has_program(&self, name: &str) -> Verdict {
        let Some(path) = &self.path else {
            return Verdict::Unknown("the PATH is not known".to_owned());
        };
        if name.is_empty() || name.contains(['/', '\\']) {
            return Verdict::Unknown(format!("`{name}` is a path; name a program on the PATH"));
        }
        match program::find(path, &self.root, name) {
            Some(place) => Verdict::Met(format!("`{}`", place.display())),
            None => Verdict::Unmet(format!("`{name}` is not on the PATH; install it")),
        }
    }

    fn any(&self, list: &[Requirement]) -> Verdict {
        let mut unknown = None;
        let mut reasons = Vec::new();
        for requirement in list {
            match self.verdict(requirement) {
                Verdict::Met(found) => return Verdict::Met(found),
                Verdict::Unknown(why) => unknown = unknown.or(Some(why)),
                Verdict::Unmet(found) => reasons.push(found),
            }
        }
        unknown.map_or_else(|| Verdict::Unmet(reasons.join("; ")), Verdict::Unknown)
    }
}

impl Verdict {
    fn opposite(self) -> Self {
        match self {
            Verdict::Met(found) => Verdict::Unmet(found),
            Verdict::Unmet(found) => Verdict::Met(found),
            Verdict::Unknown(why) => Verdict::Unknown(why),
        }
    }
}

/// Versions that stand side by side decide only where they agree.
fn of_versions(versions: &[String], place: &str, range: Option<&Range>) -> Verdict {
    let found = format!("{}, {place}", versions.join(" and "));
    let Some(range) = range else { return Verdict::Met(found) };
    let parsed: Option<Vec<Version>> = versions.iter().map(|it| Version::parse(it)).collect();
    let Some(parsed) = parsed else {
        return Verdict::Unknown(format!("{found}: not a version that can be compared"));
    };
    match parsed.iter().filter(|version| range.holds(version)).count() {
        0 => Verdict::Unmet(found),
        count if count == parsed.len() => Verdict::Met(found),
        _ => Verdict::Unknown(format!("{found}; which of them is meant cannot be told")),
    }
}

/// A declared range is judged by its minimum: what a fresh install may bring is not known.
fn of_range(declared: &str, file: &str, range: Option<&Range>) -> Verdict {
    let found = match declared {
        "" => format!("any version, declared in `{file}`"),
        declared => format!("`{declared}`, declared in `{file}`"),
    };
    let Some(range) = range else { return Verdict::Met(found) };
    match Range::parse(declared).as_ref().and_then(Range::minimum) {
        Some(minimum) if range.holds(&minimum) => Verdict::Met(found),
        Some(minimum) => Verdict::Unmet(format!(
            "{found}, whose minimum is {minimum}; install the packages to be judged by what is there"
        )),
        None => Verdict::Unknown(format!(
            "{found}, which does not say a version; install the packages, and it can be told"
        )),
    }
}

fn named(files: &[String]) -> String {
    let shown: Vec<String> = files.iter().take(MOST_NAMED).map(|it| format!("`{it}`")).collect();
    match files.len().saturating_sub(MOST_NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= LONGEST_VALUE {
        return text;
    }
    format!("{}…", text.chars().take(LONGEST_VALUE).collect::<String>())
}

/// Whether two values are the same, 1 and 1.0 being so.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        _ => one == other,
    }
}

/// Makes JSON of TOML. Dates become the text they were written as.
fn json_of(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(list) => list.into_iter().map(json_of).collect(),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, json_of(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::project::load;
    use crate::project::tests::folder;
    use crate::source::{Span, Spanned};

    fn requirement(kind: RequirementKind, not: bool) -> Requirement {
        Requirement { kind, not, span: Span::default() }
    }

    fn package(name: &str, version: &str) -> RequirementKind {
        let version =
            (!version.is_empty()).then(|| Spanned::new(version.to_owned(), Span::default()));
        RequirementKind::Package { name: name.to_owned(), version }
    }

    fn data(
        file: &str,
        format: DataFormat,
        pointer: &str,
        equals: Option<Value>,
    ) -> RequirementKind {
        let (file, pointer) = (file.to_owned(), pointer.to_owned());
        RequirementKind::Data(DataTest { file, format, pointer, equals })
    }

    fn contains(text: &str, within: &str) -> RequirementKind {
        RequirementKind::Contains { text: text.to_owned(), within: within.to_owned() }
    }

    /// Says what becomes of a requirement in a project of these files.
    fn verdict(files: &[(&str, &str)], kind: RequirementKind) -> Verdict {
        let folder = folder(files);
        load(folder.path()).unwrap().verdict(&requirement(kind, false))
    }

    fn met(found: &str) -> Verdict {
        Verdict::Met(found.to_owned())
    }

    fn unmet(found: &str) -> Verdict {
        Verdict::Unmet(found.to_owned())
    }

    fn why(verdict: Verdict) -> String {
        match verdict {
            Verdict::Unknown(why) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_package_is_judged_by_what_is_locked() {
        let lock = |version: &str| {
            let lock = json!({"packages": {"node_modules/acme": {"version": version}}}).to_string();
            let files = [
                ("package.json", r#"{"dependencies": {"acme": "^15.0.0"}}"#),
                ("package-lock.json", &lock),
            ];
            verdict(&files, package("acme", ">=15.3"))
        };
        assert_eq!(lock("15.3.0"), met("15.3.0, locked in `package-lock.json`"));
        assert_eq!(lock("15.2.9"), unmet("15.2.9, locked in `package-lock.json`"));
        assert_eq!(lock("16.0.0-beta.1"), met("16.0.0-beta.1, locked in `package-lock.json`"));
        assert!(why(lock("file-version")).contains("not a version"));
    }

    #[test]
    fn a_package_that_is_only_declared_is_judged_by_the_minimum() {
        let declared = |range: &str, wanted: &str| {
            let manifest = json!({"dependencies": {"acme": range}}).to_string();
            verdict(&[("package.json", &manifest)], package("acme", wanted))
        };
        assert_eq!(declared("^15.3.1", ">=15.3"), met("`^15.3.1`, declared in `package.json`"));
        let low = declared("^15.0.0", ">=15.3");
        assert!(
            matches!(&low, Verdict::Unmet(found) if found.contains("minimum is 15.0.0")),
            "{low:?}"
        );
        for range in
            ["*", "latest", "workspace:*", "file:../acme", "npm:other@^16", "git+ssh://x/y"]
        {
            assert!(why(declared(range, ">=15.3")).contains("install the packages"), "{range}");
            assert!(matches!(declared(range, ""), Verdict::Met(_)), "{range}");
        }
        assert!(why(declared("^15", "newest")).contains("`newest` is not a range"));
    }

    #[test]
    fn python_versions_and_ranges_are_understood() {
        let declared = |line: &str, wanted: &str| {
            verdict(&[("requirements.txt", line)], package("acme", wanted))
        };
        assert_eq!(declared("Acme==2.2", ">=2.2"), met("2.2, pinned in `requirements.txt`"));
        assert_eq!(declared("acme==3.0rc1", ">=3"), unmet("3.0rc1, pinned in `requirements.txt`"));
        assert_eq!(
            declared("acme~=2.3", ">=2.2,<3"),
            met("`~=2.3`, declared in `requirements.txt`")
        );
        assert!(why(declared("acme", ">=2.2")).contains("any version"));
        assert_eq!(
            declared("other==1", ">=2.2"),
            unmet("it is not among the packages of `requirements.txt`")
        );
    }

    #[test]
    fn versions_side_by_side_decide_where_they_agree() {
        let lock = "[[package]]\nname = \"acme\"\nversion = \"1.0.0\"\n[[package]]\nname = \"acme\"\nversion = \"2.0.0\"\n";
        let held = |wanted| verdict(&[("Cargo.lock", lock)], package("acme", wanted));
        assert_eq!(held(">=1"), met("1.0.0 and 2.0.0, locked in `Cargo.lock`"));
        assert_eq!(held(">=3"), unmet("1.0.0 and 2.0.0, locked in `Cargo.lock`"));
        assert!(why(held(">=2")).contains("which of them"));
    }

    #[test]
    fn a_project_without_manifests_has_no_packages() {
        let found = verdict(&[("a.txt", "")], package("acme", ""));
        assert_eq!(found, unmet("the project has no manifest that is known"));
    }

    #[test]
    fn files_are_found_by_path_and_by_glob() {
        let files = [("src/a.ts", ""), ("src/b.ts", ""), ("src/[id]/page.ts", ""), (".env", "K=v")];
        let held = |glob: &str| verdict(&files, RequirementKind::File(glob.to_owned()));
        assert_eq!(held("src/a.ts"), met("`src/a.ts`"));
        assert_eq!(held("src/*.ts"), met("`src/a.ts`, `src/b.ts`"));
        assert_eq!(held("src/[id]/page.ts"), met("`src/[id]/page.ts`"));
        assert_eq!(held(".env"), met("`.env`"));
        assert_eq!(held("*.ts"), unmet("no file matches `*.ts`"));
        assert_eq!(held("../x"), unmet("no file matches `../x`"));
    }

    #[test]
    fn json_and_toml_are_looked_into() {
        let files = [
            ("package.json", r#"{"scripts": {"build": "make"}, "version": 1}"#),
            ("a.toml", "date = 2024-01-02\n[tool]\nlist = [1, 2.5, true]\n"),
            ("broken.json", "{"),
            ("credentials.json", r#"{"key": "canary"}"#),
        ];
        let json = |file: &str, pointer: &str, equals: Option<Value>| {
            verdict(&files, data(file, DataFormat::Json, pointer, equals))
        };
        assert_eq!(json("package.json", "/scripts/build", None), met("\"make\""));
        assert_eq!(json("package.json", "/scripts/build", Some(json!("make"))), met("\"make\""));
        assert_eq!(json("package.json", "/scripts/build", Some(json!("x"))), unmet("\"make\""));
        assert_eq!(json("package.json", "/version", Some(json!(1.0))), met("1"));
        assert_eq!(json("package.json", "/no", None), unmet("nothing is at `/no`"));
        assert_eq!(json("none.json", "/no", None), unmet("there is no file `none.json`"));
        assert!(why(json("broken.json", "", None)).contains("`broken.json` cannot be read"));
        let closed = why(json("credentials.json", "/key", None));
        assert!(closed.contains("may hold secrets") && !closed.contains("canary"));
        let toml = |pointer: &str, equals: Value| {
            verdict(&files, data("a.toml", DataFormat::Toml, pointer, Some(equals)))
        };
        assert_eq!(toml("/tool/list", json!([1, 2.5, true])), met("[1,2.5,true]"));
        assert_eq!(toml("/date", json!("2024-01-02")), met("\"2024-01-02\""));
    }

    #[test]
    fn texts_are_looked_for_but_never_in_secret_files() {
        let files = [("a.py", "import acme\n"), ("b.py", ""), (".env", "KEY=canary\n")];
        let held = |text: &str, within: &str| verdict(&files, contains(text, within));
        assert_eq!(held("acme", "*.py"), met("`a.py`"));
        assert_eq!(held("none", "*.py"), unmet("not in `a.py`, `b.py`"));
        assert_eq!(held("acme", "*.rb"), unmet("no file matches `*.rb`"));
        assert!(why(held("canary", ".env")).contains("may hold secrets"));
        assert!(why(held("canary", "**")).contains("may hold secrets"));
        assert_eq!(held("acme", "**"), met("`a.py`"));
    }

    #[cfg(unix)]
    #[test]
    fn programs_are_looked_for_on_the_path_outside_the_project() {
        use std::os::unix::fs::PermissionsExt as _;
        let files = [("bin/tool", ""), ("bin/text", ""), ("project/bin/own", "")];
        let folder = folder(&files);
        let root = folder.path().canonicalize().unwrap();
        for file in ["bin/tool", "project/bin/own"] {
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(root.join(file), mode).unwrap();
        }
        let project = load(&root.join("project")).unwrap();
        let program = |name: &str| requirement(RequirementKind::Program(name.to_owned()), false);
        assert!(why(project.verdict(&program("tool"))).contains("PATH is not known"));
        let path = format!("{0}/bin:{0}/project/bin:bin", root.display());
        let project = project.with_environment(&BTreeMap::from([("PATH".to_owned(), path)]));
        let place = format!("`{}/bin/tool`", root.display());
        assert_eq!(project.verdict(&program("tool")), Verdict::Met(place));
        for name in ["text", "own", "none"] {
            assert!(matches!(project.verdict(&program(name)), Verdict::Unmet(_)), "{name}");
        }
        assert!(why(project.verdict(&program("bin/tool"))).contains("is a path"));
    }

    #[test]
    fn not_turns_what_is_known_and_any_takes_the_best() {
        let folder = folder(&[("a.txt", "a")]);
        let project = load(folder.path()).unwrap();
        let file = |path: &str, not| requirement(RequirementKind::File(path.to_owned()), not);
        let unknown = || requirement(RequirementKind::Program("x".to_owned()), true);
        assert_eq!(project.verdict(&file("a.txt", true)), unmet("`a.txt`"));
        assert_eq!(project.verdict(&file("b.txt", true)), met("no file matches `b.txt`"));
        assert!(why(project.verdict(&unknown())).contains("PATH"));
        let any = |list, not| project.verdict(&requirement(RequirementKind::Any(list), not));
        assert_eq!(any(vec![unknown(), file("a.txt", false)], false), met("`a.txt`"));
        assert!(why(any(vec![file("b.txt", false), unknown()], false)).contains("PATH"));
        let none = "no file matches `b.txt`; no file matches `c.txt`";
        assert_eq!(any(vec![file("b.txt", false), file("c.txt", false)], false), unmet(none));
        assert_eq!(any(vec![file("b.txt", false)], true), met("no file matches `b.txt`"));
    }

    #[test]
    fn every_requirement_is_said_in_words() {
        let rows = [
            (package("acme", ">=15.3"), "package `acme` >=15.3"),
            (package("acme", ""), "package `acme`"),
            (RequirementKind::File("*.ts".to_owned()), "a file `*.ts`"),
            (
                data("a.json", DataFormat::Json, "/b", Some(json!("c"))),
                "`a.json` with \"c\" at `/b`",
            ),
            (data("a.toml", DataFormat::Toml, "/b", None), "`a.toml` with something at `/b`"),
            (contains("a", "*.py"), "`a` in `*.py`"),
            (RequirementKind::Program("make".to_owned()), "program `make`"),
            (RequirementKind::GitClean, "a git work tree without uncommitted changes"),
        ];
        let list: Vec<Requirement> =
            rows[1..3].iter().map(|(kind, _)| requirement(kind.clone(), false)).collect();
        for (kind, words) in rows {
            assert_eq!(Project::describe(&requirement(kind.clone(), false)), words);
            assert_eq!(Project::describe(&requirement(kind, true)), format!("not: {words}"));
        }
        let any = requirement(RequirementKind::Any(list), false);
        assert_eq!(Project::describe(&any), "one of: package `acme`; a file `*.ts`");
    }
}
