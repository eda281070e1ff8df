#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use super::*;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn prepared() -> (tempfile::TempDir, DataFolder) {
    let parent = tempfile::tempdir().unwrap();
    let folder = DataFolder::prepare(&parent.path().join("data")).unwrap();
    (parent, folder)
}

fn announcement() -> Announcement {
    Announcement { pid: 1, address: "127.0.0.1:7667".parse().unwrap(), version: "0.1.0".to_owned() }
}

#[test]
fn a_new_data_folder_is_closed_to_others() {
    let (_parent, folder) = prepared();
    assert_eq!(mode_of(folder.path()), 0o700);
    DataFolder::prepare(folder.path()).unwrap();
}

#[test]
fn an_open_folder_is_refused_and_left_as_it_is() {
    let (_parent, folder) = prepared();
    for mode in [0o755, 0o770, 0o707, 0o750, 0o1777] {
        set_mode(folder.path(), mode);
        let error = DataFolder::prepare(folder.path()).unwrap_err();
        assert!(matches!(error, HomeError::TooOpen { .. }), "{mode:o}: {error}");
        assert!(error.hint().contains("chmod 700"), "{}", error.hint());
        assert_eq!(mode_of(folder.path()), mode);
    }
}

#[test]
fn a_linked_folder_a_file_and_a_foreign_folder_are_refused() {
    let (parent, folder) = prepared();
    let link = parent.path().join("link");
    symlink(folder.path(), &link).unwrap();
    assert!(matches!(DataFolder::prepare(&link), Err(HomeError::Symlink(_))));
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(DataFolder::prepare(&file), Err(HomeError::WrongKind { .. })));
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(folder.path(), Some(65_534), None).unwrap();
        assert!(matches!(
            DataFolder::prepare(folder.path()),
            Err(HomeError::ForeignOwner { owner: 65_534, .. })
        ));
    }
}

#[test]
fn a_folder_below_a_file_can_not_be_made() {
    let parent = tempfile::tempdir().unwrap();
    fs::write(parent.path().join("file"), "").unwrap();
    let error = DataFolder::prepare(&parent.path().join("file/data")).unwrap_err();
    assert!(matches!(error, HomeError::NotWritable { .. }), "{error}");
    assert!(error.hint().contains("KEYFERRY_HOME"));
}

#[test]
fn the_second_owner_is_told_where_the_first_listens() {
    let (_parent, folder) = prepared();
    let first = AppLock::take(&folder).unwrap();
    announcement().publish(&folder).unwrap();
    let error = AppLock::take(&folder).unwrap_err();
    assert!(error.to_string().contains("127.0.0.1:7667"), "{error}");
    drop(first);
    AppLock::take(&folder).unwrap();
}

#[test]
fn a_lock_file_that_leads_elsewhere_is_not_followed() {
    let (parent, folder) = prepared();
    let elsewhere = parent.path().join("elsewhere");
    symlink(&elsewhere, folder.path().join("app.lock")).unwrap();
    assert!(AppLock::take(&folder).is_err());
    assert!(!elsewhere.exists());
}

#[test]
fn an_announcement_that_leads_elsewhere_is_replaced_and_not_written_through() {
    let (parent, folder) = prepared();
    let elsewhere = parent.path().join("elsewhere");
    fs::write(&elsewhere, "theirs").unwrap();
    symlink(&elsewhere, folder.path().join("app.json")).unwrap();
    announcement().publish(&folder).unwrap();
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "theirs");
    assert!(fs::symlink_metadata(folder.path().join("app.json")).unwrap().is_file());
}

#[test]
fn what_a_dead_app_left_behind_is_no_running_app() {
    let (_parent, folder) = prepared();
    assert!(find_running(&folder.path().join("missing")).unwrap().is_none());
    assert!(find_running(folder.path()).unwrap().is_none());
    let lock = AppLock::take(&folder).unwrap();
    let token = ApiToken::open_or_create(&folder, [7; 32]).unwrap();
    announcement().publish(&folder).unwrap();
    let running = find_running(folder.path()).unwrap().unwrap();
    assert_eq!(running.address, announcement().address);
    assert_eq!(running.token.expose_secret(), token.expose_secret());
    drop(lock);
    assert!(find_running(folder.path()).unwrap().is_none());
}

#[test]
fn looking_for_an_app_does_not_keep_one_from_starting() {
    let (_parent, folder) = prepared();
    drop(AppLock::take(&folder).unwrap());
    std::thread::scope(|scope| {
        let seekers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    (0..200).all(|_| find_running(folder.path()).is_ok_and(|found| found.is_none()))
                })
            })
            .collect();
        let starts = (0..20).all(|_| AppLock::take(&folder).map(drop).is_ok());
        assert!(starts);
        drop(seekers);
    });
}

#[test]
fn an_announcement_of_another_host_is_not_believed() {
    let (_parent, folder) = prepared();
    for text in [r#"{"pid":1,"address":"192.0.2.1:7667","version":"1"}"#, "{}", "", "\u{0}"] {
        fs::write(folder.path().join("app.json"), text).unwrap();
        assert!(discovery::announced(folder.path()).is_none(), "{text}");
    }
    Announcement::withdraw(&folder).unwrap();
    Announcement::withdraw(&folder).unwrap();
}

#[test]
fn the_token_is_made_once_and_its_file_is_closed() {
    let (_parent, folder) = prepared();
    let first = ApiToken::open_or_create(&folder, [1; 32]).unwrap();
    let second = ApiToken::open_or_create(&folder, [2; 32]).unwrap();
    assert_eq!(first.expose_secret(), second.expose_secret());
    let path = folder.path().join("api-token");
    assert_eq!(mode_of(&path), 0o600);
    assert!(!format!("{first:?}").contains(first.expose_secret()));
    set_mode(&path, 0o644);
    assert!(matches!(ApiToken::read(folder.path()), Err(HomeError::TooOpen { wanted: 0o600, .. })));
}

#[test]
fn a_token_file_with_anything_else_is_refused() {
    let (parent, folder) = prepared();
    let path = folder.path().join("api-token");
    for text in ["", "short", &"a".repeat(44), &"a".repeat(100_000), &"é".repeat(22)] {
        fs::write(&path, text).unwrap();
        set_mode(&path, 0o600);
        assert!(
            matches!(
                ApiToken::read(folder.path()),
                Err(HomeError::BadToken(_) | HomeError::Unreadable { .. })
            ),
            "{text}"
        );
    }
    fs::remove_file(&path).unwrap();
    let elsewhere = parent.path().join("elsewhere");
    fs::write(&elsewhere, "a".repeat(43)).unwrap();
    symlink(&elsewhere, &path).unwrap();
    assert!(matches!(ApiToken::open_or_create(&folder, [1; 32]), Err(HomeError::Symlink(_))));
}

#[test]
fn only_the_whole_token_matches() {
    let (_parent, folder) = prepared();
    let token = ApiToken::open_or_create(&folder, [9; 32]).unwrap();
    let text = token.expose_secret();
    assert!(token.matches(text.as_bytes()));
    for guess in ["", &text[..42], &format!("{text}a"), &text.to_ascii_uppercase()] {
        assert!(!token.matches(guess.as_bytes()), "{guess}");
    }
}
