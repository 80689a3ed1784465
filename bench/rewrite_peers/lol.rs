//! lol_html rewriting the src of every <img>, and nothing else, of every document of a corpus; the
//! protocol is that of rewrite_loop.c. usage: lol CORPUS
use lol_html::{element, HtmlRewriter, Settings};
use std::io::{BufRead, Write};

fn cpu_ns() -> u64 {
    let mut now = Timespec { sec: 0, nsec: 0 };
    unsafe { clock_gettime(2, &mut now) }; // CLOCK_PROCESS_CPUTIME_ID
    now.sec as u64 * 1_000_000_000 + now.nsec as u64
}

#[repr(C)]
struct Timespec {
    sec: i64,
    nsec: i64,
}

extern "C" {
    fn clock_gettime(clock: i32, ret: *mut Timespec) -> i32;
}

fn documents(bytes: &[u8]) -> Vec<&[u8]> {
    let mut list = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = at + bytes[at..].iter().position(|c| *c == b'\n').unwrap();
        let len: usize = std::str::from_utf8(&bytes[at..end]).unwrap().parse().unwrap();
        list.push(&bytes[end + 1..end + 1 + len]);
        at = end + 1 + len;
    }
    list
}

fn rewrite(document: &[u8]) -> usize {
    let mut out = Vec::new();
    let mut rewriter = HtmlRewriter::new(
        Settings {
            element_content_handlers: vec![element!("img[src]", |el| {
                let signed = format!("https://img.example.org/i/{}", el.get_attribute("src").unwrap());
                el.set_attribute("src", &signed)?;
                Ok(())
            })],
            ..Settings::new()
        },
        |piece: &[u8]| out.extend_from_slice(piece),
    );
    rewriter.write(document).unwrap();
    rewriter.end().unwrap();
    out.len()
}

fn main() {
    let bytes = std::fs::read(std::env::args().nth(1).unwrap()).unwrap();
    let list = documents(&bytes);
    for line in std::io::stdin().lock().lines() {
        let budget = line.unwrap().trim().parse::<u64>().unwrap() * 1_000_000;
        let start = cpu_ns();
        let (mut passes, mut spent, mut out_bytes) = (0, 0, 0);
        while passes == 0 || spent < budget {
            out_bytes = list.iter().map(|document| rewrite(document)).sum();
            spent = cpu_ns() - start;
            passes += 1;
        }
        println!("{{\"passes\":{passes},\"cpu_ns\":{spent},\"out_bytes\":{out_bytes}}}");
        std::io::stdout().flush().unwrap();
    }
}
