//! The person who signs in at the sandbox provider, played over HTTP: opens the page, and presses Allow.

use std::net::SocketAddr;

use crate::bench::loopback::ask;

/// Allows what a page of the sandbox's asks for, and follows its redirect to the app.
pub(super) fn allow(page: &str) -> Result<(), String> {
    let (address, path) = parts(page)?;
    let asked = send(address, "GET", path, "", "")?;
    let cookies: Vec<_> = asked
        .lines()
        .filter_map(|line| header(line, "set-cookie"))
        .filter_map(|cookie| cookie.split(';').next())
        .collect();
    let hidden = asked.split('<').find(|tag| tag.starts_with("input ") && tag.contains("type=\"hidden\""));
    let hidden = hidden.and_then(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)));
    let action =
        asked.split('<').find(|tag| tag.starts_with("form ")).and_then(|tag| attribute(tag, "action"));
    let (Some((name, value)), Some(action)) = (hidden, action) else {
        return Err("the sandbox's page has another form than expected".to_owned());
    };
    let headers =
        format!("cookie: {}\r\ncontent-type: application/x-www-form-urlencoded\r\n", cookies.join("; "));
    // Names and one-time ids of the sandbox need no encoding.
    let body = format!("{name}={value}&decision=allow&account=ada");
    let allowed = send(address, "POST", action, &headers, &body)?;
    let back = allowed.lines().find_map(|line| header(line, "location"));
    let (address, path) = parts(back.ok_or("the sandbox leads nowhere")?)?;
    let over = send(address, "GET", path, "", "")?;
    if over.starts_with("HTTP/1.1 200") { Ok(()) } else { Err("the app did not take the sign-in".to_owned()) }
}

fn send(address: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> Result<String, String> {
    ask(address, method, path, headers, body).map_err(|error| format!("http://{address}: {error}"))
}

/// Address and path of a URL on loopback.
fn parts(url: &str) -> Result<(SocketAddr, &str), String> {
    let rest = url.strip_prefix("http://").ok_or("a sign-in leads away from this machine")?;
    let (address, _) = rest.split_once('/').ok_or("a URL has no path")?;
    let path = rest.get(address.len()..).unwrap_or_default();
    let address = address.replace("localhost", "127.0.0.1");
    Ok((address.parse().map_err(|_| "a sign-in leads away from this machine".to_owned())?, path))
}

fn header<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let (found, value) = line.split_once(": ")?;
    found.eq_ignore_ascii_case(name).then_some(value)
}

fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    tag.split_once(&format!(" {name}=\""))?.1.split('"').next()
}
