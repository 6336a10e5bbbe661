//! Where hooks may point: `https`, and only to what is public. A server that fetches what strangers
//! type must not be a way into the network it stands in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;

const URL_CHARS_MAX: usize = 500;

/// Checks the text; what the name resolves to is checked at each try.
pub(super) fn check(text: &str, private_too: bool) -> Result<String, &'static str> {
    if text.len() > URL_CHARS_MAX {
        return Err("is too long");
    }
    let url = Url::parse(text).map_err(|_| "is not an address")?;
    let scheme_is_good = url.scheme() == "https" || (private_too && url.scheme() == "http");
    if !scheme_is_good {
        return Err("must start with https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password");
    }
    if url.fragment().is_some() {
        return Err("must not have a fragment");
    }
    let host = url.host_str().ok_or("names no host")?;
    if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>()
        && !private_too
        && !is_public(ip)
    {
        return Err("must be a public address");
    }
    Ok(url.to_string())
}

/// The addresses to connect to, all of them public; a name that also leads inside leads nowhere.
pub(super) async fn resolve(url: &Url, private_too: bool) -> Result<Vec<SocketAddr>, &'static str> {
    let host = url.host_str().ok_or("it names no host")?;
    let host = host.trim_matches(['[', ']']);
    let port = url.port_or_known_default().ok_or("it names no port")?;
    let found = tokio::net::lookup_host((host, port)).await;
    let found: Vec<SocketAddr> = found.map_err(|_| "its name cannot be found")?.collect();
    if found.is_empty() {
        return Err("its name leads nowhere");
    }
    if !private_too && !found.iter().all(|at| is_public(at.ip())) {
        return Err("it is not a public address");
    }
    Ok(found)
}

/// Whether it is reached over the public internet and over nothing else.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || ip.is_documentation()
        || a == 0
        // Carriers' own, protocol assignments, 6to4 relays, benchmarks, the reserved rest.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240)
}

/// Only global unicast, without the ranges that carry an IPv4 address or documentation.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let is_global = (0x2000..0x4000).contains(&first);
    let is_teredo_or_special = first == 0x2001 && second < 0x0200;
    let is_documentation = (first == 0x2001 && second == 0x0db8) || first == 0x3fff;
    is_global && first != 0x2002 && !is_teredo_or_special && !is_documentation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_public_is_public() {
        // N10 N1
        for good in ["8.8.8.8", "203.1.1.1", "2606:4700::1111", "2a00:1450::1"] {
            assert!(is_public(good.parse().expect("an address")), "{good}");
        }
        for bad in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
        ] {
            assert!(!is_public(bad.parse().expect("an address")), "{bad}");
        }
    }

    #[test]
    fn the_text_is_checked_before_anything_is_looked_up() {
        // N10 N1
        let ok = |text: &str| check(text, false).is_ok();
        assert!(ok("https://hooks.example.org/gatehouse?a=1"));
        for bad in [
            "http://hooks.example.org/",
            "ftp://hooks.example.org/",
            "hooks.example.org",
            "",
            "https://user:pw@hooks.example.org/",
            "https://hooks.example.org/#x",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://[::ffff:10.0.0.1]/",
        ] {
            assert!(!ok(bad), "{bad}");
        }
        assert!(!ok(&format!("https://x.example.org/{}", "a".repeat(500))));
        assert!(
            check("http://127.0.0.1:9/", true).is_ok(),
            "where the switch is on"
        );
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_leads_nowhere() {
        // N10 N1
        let url = Url::parse("https://localhost/").expect("an address");
        assert!(resolve(&url, false).await.is_err());
        assert!(resolve(&url, true).await.is_ok());
    }
}
