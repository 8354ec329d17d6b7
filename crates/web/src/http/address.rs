//! The client's address: the peer's, or the one that a trusted proxy reports.

use std::net::IpAddr;

use actix_web::http::header::HeaderMap;

/// The header in which the proxies report addresses. Only one is trusted: the client could
/// have set the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// A range of addresses, like `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// The proxies that are trusted to report the client's address. None by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    /// Their addresses.
    pub networks: Vec<Network>,
    /// The header that they set.
    pub header: ForwardedHeader,
}

impl std::str::FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not an address or network like 10.0.0.0/8");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.trim().parse().map_err(|_| wrong())?,
            None => most,
        };
        if prefix > most {
            return Err(wrong());
        }
        Ok(Self { address, prefix })
    }
}

impl Network {
    /// Returns whether an address is in the range.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                let shift = 32 - u32::from(self.prefix);
                let cut = |x: u32| x.checked_shr(shift).unwrap_or(0);
                cut(a.to_bits()) == cut(b.to_bits())
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                let shift = 128 - u32::from(self.prefix);
                let cut = |x: u128| x.checked_shr(shift).unwrap_or(0);
                cut(a.to_bits()) == cut(b.to_bits())
            }
            _ => false,
        }
    }
}

impl TrustedProxies {
    fn trusts(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(address))
    }

    /// Returns the client's address: the last one in the chain that does not belong to a
    /// trusted proxy.
    pub(crate) fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let mut client = peer?.to_canonical();
        for hop in self.hops(headers).into_iter().rev() {
            if !self.trusts(client) {
                break;
            }
            // The chain is trusted only up to an entry that cannot be read.
            let Some(address) = hop else { break };
            client = address.to_canonical();
        }
        Some(client)
    }

    fn hops(&self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let name = match self.header {
            ForwardedHeader::XForwardedFor => "x-forwarded-for",
            ForwardedHeader::Forwarded => "forwarded",
        };
        headers
            .get_all(name)
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|hop| match self.header {
                ForwardedHeader::XForwardedFor => node(hop),
                ForwardedHeader::Forwarded => hop.split(';').find_map(|pair| {
                    let (name, value) = pair.split_once('=')?;
                    name.trim()
                        .eq_ignore_ascii_case("for")
                        .then(|| node(value))?
                }),
            })
            .collect()
    }
}

/// Parses an address with or without brackets, quotes and port.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split_once(']')?.0.parse().ok();
    }
    text.rsplit_once(':')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
        headers
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn proxies(header: ForwardedHeader) -> TrustedProxies {
        TrustedProxies {
            networks: vec!["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()],
            header,
        }
    }

    #[test]
    fn forwarded_header_of_an_untrusted_peer_is_ignored() {
        let headers = headers("x-forwarded-for", "1.2.3.4");
        let client = proxies(ForwardedHeader::XForwardedFor).client(Some(ip("9.9.9.9")), &headers);
        assert_eq!(client, Some(ip("9.9.9.9")));
    }

    #[test]
    fn last_address_before_the_trusted_proxies_is_the_client() {
        let headers = headers("x-forwarded-for", "6.6.6.6, 1.2.3.4, 10.1.1.1");
        let client = proxies(ForwardedHeader::XForwardedFor).client(Some(ip("10.0.0.1")), &headers);
        assert_eq!(client, Some(ip("1.2.3.4")));
    }

    #[test]
    fn forwarded_header_is_parsed_with_ports_and_brackets() {
        let headers = headers(
            "forwarded",
            r#"for=6.6.6.6, for="[2001:db8::7]:443";proto=https"#,
        );
        let client = proxies(ForwardedHeader::Forwarded).client(Some(ip("10.0.0.1")), &headers);
        assert_eq!(client, Some(ip("2001:db8::7")));
    }

    #[test]
    fn forwarding_header_that_is_not_configured_is_ignored() {
        let headers = headers("x-forwarded-for", "1.2.3.4");
        let client = proxies(ForwardedHeader::Forwarded).client(Some(ip("10.0.0.1")), &headers);
        assert_eq!(client, Some(ip("10.0.0.1")));
    }

    #[test]
    fn network_contains_addresses_within_its_prefix() {
        let network: Network = "192.168.4.0/22".parse().unwrap();
        assert!(network.contains(ip("192.168.7.255")));
        assert!(!network.contains(ip("192.168.8.0")));
        assert!(
            "0.0.0.0/0"
                .parse::<Network>()
                .unwrap()
                .contains(ip("8.8.8.8"))
        );
        assert!("10.0.0.0/33".parse::<Network>().is_err());
    }
}
