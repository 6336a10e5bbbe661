//! A camera, played from recorded pictures through the path that a real one takes.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use image::{ImageFormat, Luma};
use qrcode::{EcLevel, QrCode};
use serde_json::Value;

use crate::kiosk::Kiosk;
use crate::pty::Pty;

/// What a camera sees: a ticket on a grey wall.
fn frame(text: &str) -> Vec<u8> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)
        .expect("fits")
        .render::<Luma<u8>>()
        .module_dimensions(4, 4)
        .build();
    let mut wall = image::GrayImage::from_pixel(640, 480, Luma([150]));
    image::imageops::overlay(&mut wall, &code, 60, 40);
    jpeg(&wall)
}

fn jpeg(picture: &image::GrayImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, ImageFormat::Jpeg)
        .expect("a picture");
    bytes.into_inner()
}

/// A pipe with a name; the kiosk's command reads it.
struct Film {
    path: PathBuf,
}

impl Film {
    fn new(dir: &Path) -> Self {
        let path = dir.join("film");
        let made = Command::new("mkfifo").arg(&path).status().expect("runs");
        assert!(made.success());
        Self { path }
    }
    fn command(&self) -> String {
        format!("cat '{}'", self.path.display())
    }
    /// Waits for the kiosk's command to read.
    fn open(&self) -> File {
        OpenOptions::new()
            .write(true)
            .open(&self.path)
            .expect("opened")
    }
}

#[test]
fn a_camera_reads_each_ticket_once_while_it_is_in_sight() {
    // V1, V8
    let kiosk = Kiosk::enrolled();
    let film = Film::new(&kiosk.data());
    let mut child = kiosk
        .command(&["scan", "--json", "--camera", &film.command()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut answers = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut next = || -> Value {
        let line = answers.next().expect("an answer").expect("reads");
        serde_json::from_str(&line).expect("JSON")
    };
    let mut camera = film.open();
    let (first, second) = (frame(&kiosk.ticket(1)), frame(&kiosk.ticket(2)));
    let wall = jpeg(&image::GrayImage::from_pixel(640, 480, Luma([150])));
    for picture in [&wall, &first] {
        camera.write_all(picture).expect("written");
    }
    assert_eq!((&next()["serial"]), &Value::from(1));
    // It stays, shakes out of sight for a picture, and stays; then the next guest comes.
    for picture in [&first, &first, &wall, &first, &second] {
        camera.write_all(picture).expect("written");
    }
    let answer = next();
    assert_eq!(
        (&answer["serial"], &answer["reason"]),
        (&2.into(), &"ok".into())
    );
    camera.write_all(&first).expect("written");
    assert_eq!(next()["reason"], "already_used");
    drop(camera);
    assert!(
        child.wait().expect("ends").success(),
        "at the end of the film"
    );
}

#[test]
fn a_gate_with_a_camera_reads_and_says_when_the_camera_ends() {
    // V8
    let kiosk = Kiosk::enrolled();
    let film = Film::new(&kiosk.data());
    let mut command = kiosk.command(&["run", "--camera", &film.command()]);
    command.env("TERM", "xterm-256color");
    let mut gate = Pty::start(command);
    gate.wait_for("ready", |screen| screen.contains("Scan a ticket."));
    let mut camera = film.open();
    camera.write_all(&frame(&kiosk.ticket(1))).expect("written");
    gate.wait_for("the admission", |screen| screen.contains("Admitted 1"));
    // The reader and the camera are one gate.
    gate.press(&(kiosk.ticket(2) + "\r"));
    gate.wait_for("the next guest", |screen| screen.contains("Admitted 2"));
    drop(camera);
    gate.wait_for("the trouble", |screen| {
        screen.contains("the camera has ended")
    });
    gate.kill();
}
