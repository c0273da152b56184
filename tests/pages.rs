//! Every page of the book and of the tests does what it shows.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{files, page, root, shown};

/// Folders in which every markdown file with a console fence is a page.
const FOLDERS: [&str; 4] = ["book/src", "tests/cli", "tests/plan", "tests/runs"];

/// Threads that play pages.
const THREADS: usize = 2;

#[test]
fn every_page_does_what_it_shows() {
    let wanted = std::env::var("PAGE").unwrap_or_default();
    let pages: Vec<PathBuf> = FOLDERS
        .into_iter()
        .flat_map(|folder| files(folder, "md"))
        .chain([root().join("README.md")])
        .filter(|path| shown(path).contains(&wanted))
        .filter(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            let fences = page::fences(&text);
            // A release asks hosts by https or not at all: nothing stands in for them.
            let asks = cfg!(not(debug_assertions)) && fences.iter().any(page::Fence::answers);
            if asks {
                println!("page {} ... left out of a release: it needs hosts", shown(path));
            }
            !asks && fences.iter().any(page::Fence::is_console)
        })
        .collect();
    assert!(!pages.is_empty(), "no page has a name with `{wanted}`");
    let next = AtomicUsize::new(0);
    let stale = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(path) = pages.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match page::run(path) {
                        Ok(()) => println!("page {} ... ok", shown(path)),
                        Err(reason) => {
                            println!("page {} ... STALE", shown(path));
                            stale.lock().unwrap().push(reason);
                        }
                    }
                }
            });
        }
    });
    let mut stale = stale.into_inner().unwrap();
    stale.sort();
    assert!(
        stale.is_empty(),
        "{} of {} pages are stale\n\n{}",
        stale.len(),
        pages.len(),
        stale.join("\n")
    );
}
