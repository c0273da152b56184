//! Two runs at once on one project, or on one within the other.
//!
//! `PAIRS=1000` says how many pairs begin.

use super::{Place, count, said};

/// Pairs of runs, where no variable says otherwise.
const PAIRS: usize = 12;

#[test]
fn of_two_runs_on_one_project_or_one_within_the_other_one_plays() {
    let place = Place::new();
    let inner = place.root().join("empty");
    for round in 0..count("PAIRS", PAIRS) {
        let mut commands = [place.messing(), place.messing()];
        let folders = [place.root(), if round % 2 == 0 { place.root() } else { inner.clone() }];
        let first = round / 2 % 2;
        for (index, command) in commands.iter_mut().enumerate() {
            std::fs::write(folders[index].join("mess.sh"), "sleep 0.3").unwrap();
            command.current_dir(&folders[index]);
        }
        commands.rotate_left(first);
        let children: Vec<_> = commands.iter_mut().map(|it| it.spawn().unwrap()).collect();
        let pids: Vec<String> = children.iter().map(|child| child.id().to_string()).collect();
        let outputs: Vec<_> =
            children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
        let codes: Vec<_> = outputs.iter().map(|output| output.status.code()).collect();
        let loser = codes.iter().position(|code| *code == Some(75));
        let winner = codes.iter().position(|code| *code == Some(0));
        let all: Vec<String> = outputs.iter().map(said).collect();
        let (Some(loser), Some(winner)) = (loser, winner) else { panic!("{round}: {all:?}") };
        let named = format!("another run, process {}, is playing in", pids[winner]);
        assert!(all[loser].contains(&named), "{round}: {all:?}");
        std::fs::remove_file(inner.join("mess.sh")).ok();
    }
}

#[test]
fn a_project_is_free_as_soon_as_its_run_was_killed() {
    for _ in 0..3 {
        let place = Place::new();
        let mut command = place.messing();
        std::fs::write(place.root().join("mess.sh"), "sleep 20").unwrap();
        let mut child = command.spawn().unwrap();
        while place.runs().is_empty() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let output = place.wizard(&["undo"]).output().unwrap();
        assert_eq!(output.status.code(), Some(75), "{}", said(&output));
        child.kill().unwrap();
        child.wait().unwrap();
        let output = place.wizard(&["undo"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
}
