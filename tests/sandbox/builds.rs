//! What a project needs of its commands works within the confinement.

use wizard::sandbox::Level;

use super::levels;
use crate::execute::play;

/// Plays a command in a project of these files, and returns its exit code and what it printed.
fn run(
    files: &[(&'static str, &'static str)],
    command: &str,
    level: Level,
) -> (Option<i32>, String) {
    let keys = format!("commands:\n  c: {{{command}}}\nstages:\n  work:\n    run: c\n");
    let mut script = play(&keys, "").unlinted().no_further_than(level);
    for (path, text) in files {
        script = script.file(path, text);
    }
    let played = script.run();
    let (exit, text, _) = played.command().unwrap_or_else(|| panic!("{:?}", played.fault));
    (exit, text)
}

#[test]
fn a_script_writes_in_the_project_and_among_temporary_files() {
    let code = "import os, tempfile, subprocess, multiprocessing\n\
                os.makedirs('dist')\n\
                open('dist/a', 'w').write('a')\n\
                os.rename('dist/a', 'b')\n\
                folder = tempfile.mkdtemp()\n\
                assert folder.startswith(os.environ['TMPDIR'])\n\
                open(folder + '/x', 'w').write('x')\n\
                open('/dev/null', 'w').write('x')\n\
                assert subprocess.check_output(['python3', '-c', 'print(1)']) == b'1\\n'\n\
                with multiprocessing.Pool(2) as pool: assert pool.map(abs, [-1, 2]) == [1, 2]\n\
                print('done')\n";
    let words = serde_json::to_string(&["python3", "-c", code]).unwrap();
    let (exit, text) = run(&[], &format!("run: {words}"), Level::Full);
    assert_eq!((exit, text.as_str()), (Some(0), "done"));
}

#[test]
fn programs_of_a_network_of_their_own_talk_to_each_other() {
    let code = "import socket\n\
                a = socket.create_server(('127.0.0.1', 0))\n\
                b = socket.create_connection(a.getsockname())\n\
                a.accept()[0].sendall(b'done')\n\
                print(b.recv(4).decode())\n";
    let words = serde_json::to_string(&["python3", "-c", code]).unwrap();
    if levels().contains(&Level::Full) {
        let (exit, text) = run(&[], &format!("run: {words}"), Level::Full);
        assert_eq!((exit, text.as_str()), (Some(0), "done"));
    }
}

#[test]
fn an_exit_code_comes_through_and_a_signal_is_none() {
    for level in levels() {
        let (exit, _) = run(&[], "run: [python3, -c, 'import sys; sys.exit(7)']", level);
        assert_eq!(exit, Some(7));
        let signal = "run: [python3, -c, 'import os; os.kill(os.getpid(), 9)']";
        assert_eq!(run(&[], signal, level).0, None);
    }
}

#[test]
fn env_files_are_readable_where_the_playbook_says_so() {
    let files = [(".env", "KEY=a-long-canary-value")];
    let code = "run: [python3, -c, 'print(len(open(\".env\").read()))']";
    if levels().contains(&Level::Full) {
        assert_eq!(run(&files, code, Level::Full).1, "0");
    }
    let readable = format!("{code}, env_file: readable");
    assert_eq!(run(&files, &readable, Level::Full).1, "23");
}

#[test]
fn a_host_that_was_not_granted_is_refused_and_named() {
    let code = "import urllib.request\nurllib.request.urlopen('https://b.invalid/', timeout=9)\n";
    let words = serde_json::to_string(&["python3", "-c", code]).unwrap();
    for level in levels() {
        let command = format!("run: {words}, network: [a.invalid]");
        let (exit, text) = run(&[], &command, level);
        assert_eq!(exit, Some(1), "{text}");
        assert!(
            text.contains("[network: b.invalid:443 is not among the hosts"),
            "{level:?}: {text}"
        );
    }
}

#[test]
fn a_program_on_the_path_inside_the_project_is_passed_over() {
    let files = [("bin/python3", "#!/bin/sh\necho evil\n")];
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let keys = "commands:\n  c: {run: [python3, -c, 'print(1)']}\nstages:\n  work:\n    run: c\n";
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&path, mode).unwrap();
    }
    let path = format!("{}/bin:bin:/usr/bin:/bin", root.display());
    let played = play(keys, "").at(root).unlinted().variable("PATH", &path).run();
    assert_eq!(played.command().unwrap().1, "1");
}
