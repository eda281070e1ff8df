//! Sign-in in a window, as a person and an author have it: the commands, a real Chromium, a page on loopback.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use crate::support::{Acme, Display, OwnClock, Ran, Service, World, kill, left_over, program, until};

/// A page that holds a token at once, and asks for one foreign frame.
fn site() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://acme.localhost:{}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4096];
            let read = stream.read(&mut head).unwrap_or_default();
            let line = String::from_utf8_lossy(&head[..read]).lines().next().unwrap_or_default().to_owned();
            let body = match line.split(' ').nth(1) {
                Some("/login") => "<h1>Sign in to Acme</h1>",
                Some("/") => {
                    "<iframe src='https://ads.example/'></iframe><script>localStorage.t = 'tok-canary-1';
                     setTimeout(() => location = '/home', 800)</script>"
                }
                _ => "<h1>Home</h1>",
            };
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            _ = stream.write_all(answer.as_bytes());
        }
    });
    origin
}

/// Its provider file in the world, which begins at this path.
fn provider(world: &World, begin: &str) -> PathBuf {
    let origin = site();
    let file = format!(
        "display_name = \"Acme\"\n[browser]\nlogin_url = \"{origin}{begin}\"\nallow_hosts = [\"{origin}\"]\n\
         extract_on = \"{origin}/home\"\n[browser.tokens]\naccess_token = {{ local_storage = \"t\", pattern = \"tok-.+\" }}\n\
         other = {{ cookie = \"none\", required = false }}\n[env]\nACME = \"{{access_token}}\"\n"
    );
    let path = world.path("providers/acme-browser.toml");
    fs::write(&path, file).unwrap();
    path
}

fn chromium() -> PathBuf {
    program().expect("`cargo xtask setup` installs Chromium")
}

/// The command in a world whose browser looks for no desktop.
fn command(world: &World, arguments: &[&str]) -> Command {
    let script = world.path("headless");
    let text = format!(
        "#!/bin/sh\nunset LD_PRELOAD\nexec {} --headless=new --disable-gpu \"$@\"\n",
        chromium().display()
    );
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = world.command(arguments);
    command.env("KEYFERRY_BROWSER_COMMAND", script);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_author_is_told_what_was_refused_and_read_and_no_value() {
    let world = World::new().await;
    let file = provider(&world, "/");
    let file = file.to_str().unwrap();
    let ran = world.ran(command(&world, &["provider", "check", file, "--sign-in"]).output().unwrap());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    for line in [
        "refused: ads.example, for a frame (allow_hosts does not list it)",
        "read: access_token",
        "not required: other",
    ] {
        assert!(ran.stdout.contains(line), "{line}: {}", ran.stdout);
    }
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("canary"));
    until("the browser has ended", || left_over(world.home.path()).is_empty());

    // A file without [browser] has no window.
    let oauth = world.path("providers/sandbox.toml");
    let ran = world.run(&["provider", "check", oauth.to_str().unwrap(), "--sign-in"]);
    assert!(ran.code == 1 && ran.stderr.contains("--replay"), "{}", ran.stderr);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_told_first_and_nothing_opens_without_their_yes() {
    let world = World::new().await;
    provider(&world, "/");
    let ran = world.ran(command(&world, &["connections", "add", "acme-browser"]).output().unwrap());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    for text in ["session token", "no scopes", "ACME", "--yes"] {
        assert!(ran.stderr.contains(text), "{text}: {}", ran.stderr);
    }
    let ran = world.ran(command(&world, &["connections", "add", "acme-browser", "--yes"]).output().unwrap());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("may not go to ads.example: allow_hosts does not list it"), "{}", ran.stderr);
    assert!(ran.stdout.contains("in a window, whose profile was thrown away"), "{}", ran.stdout);
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("canary"));

    // On signing in again, too.
    let id = world.connection();
    let again = ["connections", "sign-in", &id];
    let ran = world.ran(command(&world, &again).output().unwrap());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    for text in ["session token", "no scopes", "ACME", "--yes"] {
        assert!(ran.stderr.contains(text), "{text}: {}", ran.stderr);
    }
    let yes = [again.as_slice(), &["--yes"]].concat();
    let ran = world.ran(command(&world, &yes).output().unwrap());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    world.end().await;
}

/// Begins a sign-in to Acme on a display, and waits until its login page is seen.
async fn begun(world: &World, acme: &Acme, display: &Display) -> Child {
    acme.again();
    let mut add = world.command(&["connections", "add", "acme-browser", "--yes"]);
    add.env("KEYFERRY_BROWSER_COMMAND", chromium()).env("DISPLAY", display.name());
    let adding = add.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    acme.asks().await;
    adding
}

/// The processes of the world's browsers.
fn browsers(world: &World) -> Vec<u32> {
    let folder = world.path("data/browser");
    let works =
        |pid: &u32| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(&folder));
    left_over(world.home.path()).into_iter().filter(works).collect()
}

/// What a sign-in came to that must have left nothing: no process, no profile, no connection.
fn nothing_came_of(adding: Child, world: &World) -> Ran {
    let ran = world.ran(adding.wait_with_output().unwrap());
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    until("the browser has ended", || left_over(world.home.path()).is_empty());
    assert_eq!(fs::read_dir(world.path("data/browser/passing")).unwrap().count(), 0);
    assert!(world.connections().is_empty());
    ran
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_closes_the_window_by_a_key_or_a_click_and_that_is_said() {
    let (world, acme, display) = (World::new().await, Acme::start().await, Display::start());
    acme.describe(&world);
    let ways: [fn(&Display); 3] = [
        |display| display.key("ctrl+w"),
        |display| display.key("ctrl+shift+w"),
        |display| {
            // The middle button closes a tab, and the last tab its window.
            let middle_of_the_tab = display.corner().map(|(x, y)| (x + 120, y + 20));
            middle_of_the_tab.into_iter().for_each(|at| display.click(at, 2));
        },
    ];
    for way in ways {
        let adding = begun(&world, &acme, &display).await;
        display.close(way);
        let ran = nothing_came_of(adding, &world);
        assert!(ran.stderr.contains("the window was closed before the sign-in was done"), "{}", ran.stderr);
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_in_which_nobody_signs_in_is_closed_after_ten_minutes() {
    let (world, acme) = (World::new().await, Acme::start().await);
    acme.describe(&world);
    // An app of its own: who waits for it has a clock, too.
    let mut app = command(&world, &["app"]);
    let Some(clock) = OwnClock::of(&mut app, world.path("clock")) else { return };
    let app = Service::start(app);
    let mut add = world.command(&["connections", "add", "acme-browser", "--yes"]);
    let adding = add.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    acme.asks().await;
    clock.forward(11);
    let ran = world.ran(adding.wait_with_output().unwrap());
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("nobody signed in within 10 minutes"), "{}", ran.stderr);
    until("the browser has ended", || browsers(&world).is_empty());
    assert_eq!(fs::read_dir(world.path("data/browser/passing")).unwrap().count(), 0);
    assert!(world.connections().is_empty());
    assert_eq!(app.end(&world), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_app_leaves_no_browser_and_the_next_start_no_profile() {
    let world = World::new().await;
    provider(&world, "/login");
    let app = Service::start(command(&world, &["app"]));
    let mut waits: Child = command(&world, &["connections", "add", "acme-browser", "--yes"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let passing = world.path("data/browser/passing");
    until("a window is open", || {
        fs::read_dir(&passing).is_ok_and(|mut all| {
            all.any(|one| one.unwrap().path().join("SingletonLock").symlink_metadata().is_ok())
        })
    });
    kill(app.pid());
    app.wait(&world);
    waits.wait().unwrap();
    until("the browser has ended", || left_over(world.home.path()).is_empty());
    assert_eq!(fs::read_dir(&passing).unwrap().count(), 1, "nobody was left to remove it");

    let app = Service::start(command(&world, &["app"]));
    assert_eq!(world.run(&["status"]).code, 0);
    assert_eq!(fs::read_dir(&passing).unwrap().count(), 0);
    assert_eq!(app.end(&world), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_that_can_be_seen_works_the_same() {
    let world = World::new().await;
    provider(&world, "/");
    let display = Display::start();
    let mut add = world.command(&["connections", "add", "acme-browser", "--yes", "--json"]);
    add.env("KEYFERRY_BROWSER_COMMAND", chromium()).env("DISPLAY", display.name());
    let ran = world.ran(add.output().unwrap());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("\"kind\": \"browser\""), "{}", ran.stdout);
    until("the browser has ended", || left_over(world.home.path()).is_empty());

    // Without a display there is no window, and that is said.
    let mut add = world.command(&["connections", "add", "acme-browser", "--yes"]);
    add.env("KEYFERRY_BROWSER_COMMAND", chromium());
    let ran = world.ran(add.output().unwrap());
    assert!(ran.code == 1 && ran.stderr.contains("needs a desktop"), "{}", ran.stderr);
    world.end().await;
}
