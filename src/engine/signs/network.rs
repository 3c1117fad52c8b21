//! Which of the kernel's messages about links and addresses are news (rtnetlink(7)).
//!
//! Invariant: a repeated word is none. Kernels repeat themselves all day: each scan of a wireless card tells its link
//! again, each router advertisement its addresses.

use std::collections::BTreeMap;

const NEW_LINK: u16 = 16;
const DEL_LINK: u16 = 17;
const NEW_ADDRESS: u16 = 20;
const DEL_ADDRESS: u16 = 21;
/// IFF_UP, IFF_RUNNING and IFF_LOWER_UP of linux/if.h.
const USABLE: u32 = 0x1 | 0x40 | 0x1_0000;
/// IFA_F_TENTATIVE of linux/if_addr.h: not usable yet.
const TENTATIVE: u8 = 0x40;
/// IFA_ADDRESS of linux/if_addr.h.
const ADDRESS: u16 = 1;
/// Of `struct nlmsghdr`, `struct ifinfomsg` and `struct ifaddrmsg`.
const HEADER: usize = 16;
const LINK: usize = 16;
const ADDRESS_HEAD: usize = 8;
/// More links and addresses than a computer has; then it is learned anew.
const MOST: usize = 4096;

/// What is known of the computer's links and addresses.
#[derive(Debug, Default)]
pub(super) struct Network {
    /// Index -> the flags that say whether it can be used.
    links: BTreeMap<u32, u32>,
    /// Index and address -> whether it is tentative.
    addresses: BTreeMap<(u32, Vec<u8>), bool>,
}

impl Network {
    /// Takes in a datagram of messages and says whether any of them is news.
    pub(super) fn is_news(&mut self, mut datagram: &[u8]) -> bool {
        let mut news = false;
        while let Some((length, kind)) = u32_at(datagram, 0).zip(u16_at(datagram, 4)) {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            let Some(body) = datagram.get(HEADER..length) else {
                break;
            };
            news |= self.learns(kind, body).unwrap_or(false);
            datagram = datagram.get(aligned(length)..).unwrap_or_default();
        }
        news
    }

    fn learns(&mut self, kind: u16, body: &[u8]) -> Option<bool> {
        if self.links.len() + self.addresses.len() > MOST {
            *self = Self::default();
        }
        let index = u32_at(body, 4)?;
        match kind {
            NEW_LINK => {
                let flags = u32_at(body, 8)? & USABLE;
                body.get(..LINK)?;
                Some(self.links.insert(index, flags) != Some(flags))
            }
            DEL_LINK => {
                self.links.remove(&index);
                self.addresses.retain(|(of, _), _| *of != index);
                Some(true)
            }
            NEW_ADDRESS => {
                let tentative = body.get(2)? & TENTATIVE != 0;
                let address = (index, attribute(body.get(ADDRESS_HEAD..)?, ADDRESS)?);
                Some(self.addresses.insert(address, tentative) != Some(tentative))
            }
            DEL_ADDRESS => {
                let address = attribute(body.get(ADDRESS_HEAD..)?, ADDRESS)?;
                self.addresses.remove(&(index, address));
                Some(true)
            }
            _ => None,
        }
    }
}

/// The value of the first attribute of a kind (`struct rtattr`).
fn attribute(mut attributes: &[u8], kind: u16) -> Option<Vec<u8>> {
    loop {
        let length = usize::from(u16_at(attributes, 0)?);
        let value = attributes.get(4..length)?;
        if u16_at(attributes, 2)? == kind {
            return Some(value.to_vec());
        }
        attributes = attributes.get(aligned(length)..)?;
    }
}

fn aligned(length: usize) -> usize {
    length.saturating_add(3) & !3
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_ne_bytes(*word))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(HEADER + body.len())
            .unwrap()
            .to_ne_bytes()
            .to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([0; 10]);
        bytes.extend(body);
        bytes.resize(aligned(bytes.len()), 0);
        bytes
    }

    fn link(kind: u16, index: u32, flags: u32) -> Vec<u8> {
        let mut body = vec![0; 4];
        body.extend(index.to_ne_bytes());
        body.extend(flags.to_ne_bytes());
        body.extend([0; 4]);
        message(kind, &body)
    }

    fn address(kind: u16, index: u32, flags: u8, last: u8) -> Vec<u8> {
        let mut body = vec![2, 24, flags, 0];
        body.extend(index.to_ne_bytes());
        // Some other attribute (IFA_LABEL) of odd length comes first.
        body.extend(7_u16.to_ne_bytes());
        body.extend(3_u16.to_ne_bytes());
        body.extend(b"lo\0\0\0");
        body.truncate(ADDRESS_HEAD + 7);
        body.push(0);
        body.extend(8_u16.to_ne_bytes());
        body.extend(ADDRESS.to_ne_bytes());
        body.extend([10, 0, 0, last]);
        message(kind, &body)
    }

    #[test]
    fn only_the_first_word_is_news() {
        let mut network = Network::default();
        let scan = link(NEW_LINK, 3, USABLE);
        assert!(network.is_news(&scan));
        assert!(!network.is_news(&scan));
        // IFF_PROMISC says nothing about the network.
        assert!(!network.is_news(&link(NEW_LINK, 3, USABLE | 0x100)));
        assert!(network.is_news(&link(NEW_LINK, 3, 1)), "the cable is out");
        assert!(network.is_news(&scan), "and in again");
        assert!(network.is_news(&link(DEL_LINK, 3, 0)));
        let advertised = address(NEW_ADDRESS, 3, 0, 1);
        assert!(network.is_news(&advertised));
        assert!(!network.is_news(&advertised));
        assert!(network.is_news(&address(NEW_ADDRESS, 3, 0, 2)));
        assert!(network.is_news(&address(DEL_ADDRESS, 3, 0, 1)));
        assert!(network.is_news(&advertised));
    }

    #[test]
    fn an_address_is_news_again_when_it_can_be_used() {
        let mut network = Network::default();
        assert!(network.is_news(&address(NEW_ADDRESS, 3, TENTATIVE, 1)));
        assert!(network.is_news(&address(NEW_ADDRESS, 3, 0, 1)));
        assert!(!network.is_news(&address(NEW_ADDRESS, 3, 0, 1)));
    }

    #[test]
    fn several_messages_in_one_datagram_and_broken_ones() {
        let mut network = Network::default();
        network.is_news(&link(NEW_LINK, 3, USABLE));
        let mut both = link(NEW_LINK, 3, USABLE);
        both.extend(address(NEW_ADDRESS, 3, 0, 1));
        for cut in 0..both.len() {
            let mut other = Network::default();
            other.is_news(both.get(..cut).unwrap());
        }
        assert!(network.is_news(&both));
        assert!(!network.is_news(&both));
        assert!(!network.is_news(&[0; 64]), "a length of nothing");
        assert!(!network.is_news(&message(99, &[1; 40])));
    }
}
