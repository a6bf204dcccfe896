//! Encoded objects: made once, with the times of their objects, gone with them, and never beside another content.

use super::*;
use crate::encoded;

/// A site of texts that compress; its public tree has encodings.
fn compressed(site: &TestSite) -> TestSite {
    let mut site = TestSite { compress: true, ..site.clone() };
    for text in site.pages.values_mut().flatten() {
        *text = long(text);
    }
    site.trees[0].encoded = true;
    site
}

fn long(text: &str) -> String {
    format!("<p>{text}</p>\n").repeat(40)
}

#[track_caller]
fn check(out: &Path) {
    assert_eq!(encoded::faults(out), Vec::<String>::new());
}

/// All encoded files below a folder.
fn encoded_files(out: &Path) -> Vec<String> {
    files(out).into_keys().filter(|name| name.ends_with(".gz") || name.ends_with(".br")).collect()
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

#[test]
fn what_compresses_is_encoded_once() {
    let (_folder, out) = output();
    let site = compressed(&old_site());
    let published = publish(&out, &site);
    check(&out);
    // The six pages that are shown with denials are too small.
    assert_eq!(published.objects_written, 6 + 3 * 14);
    let encodings = manifest(&out).objects.values().map(|object| object.encodings.len()).sum::<usize>();
    assert_eq!((encodings, encoded_files(&out.join("objects")).len()), (28, 28));
    let public: Vec<String> = encoded_files(&out.join("public"));
    assert_eq!(public.len(), 2 * 11);
    assert!(public.contains(&"course/one/index.html.br".to_owned()), "{public:?}");
    let before = stamps(&out);
    let again = publish(&out, &site);
    assert!(again.unchanged && again.objects_written == 0);
    assert_eq!(stamps(&out), before);
}

#[test]
fn one_thread_and_eight_encode_alike() {
    let ((_a, one), (_b, two)) = (output(), output());
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool(1).install(|| publish(&one, &compressed(&old_site())));
    pool(8).install(|| publish(&two, &compressed(&old_site())));
    assert_eq!(files(&one), files(&two));
}

#[test]
fn encodings_come_and_go_with_the_switch() {
    for link in [LinkMode::Hard, LinkMode::Copy] {
        let (_folder, out) = output();
        let on = compressed(&old_site());
        let mut off = TestSite { compress: false, ..on.clone() };
        off.trees[0].encoded = false;
        let modes = |compress| Modes { link, compress, ..Modes::default() };
        for (turn, site) in [&off, &on, &off, &on].into_iter().enumerate() {
            let created = 1_000 * (i64::try_from(turn).unwrap() + 1);
            let site = TestSite { created, ..site.clone() };
            let published = build(&out, &site, link, Fuse::default()).unwrap();
            assert!(!published.unchanged);
            assert_eq!(published.manifest.version, u64::try_from(created).unwrap());
            check_clean(&out, &site, link);
            check(&out);
            assert!(current(&out, "inputs", 150, modes(site.compress)).is_some());
            assert_eq!(current(&out, "inputs", 150, modes(!site.compress)), None);
            assert_eq!(encoded_files(&out.join("public")).is_empty(), !site.compress);
        }
    }
}

#[test]
fn a_rebuild_killed_at_any_step_never_shows_an_encoding_of_something_else() {
    let new = compressed(&new_site());
    for link in [LinkMode::Hard, LinkMode::Copy] {
        let start = |out: &Path| {
            build(out, &compressed(&old_site()), link, Fuse::default()).unwrap();
        };
        kill_at_every_step(&new, link, start, |out, changes| {
            let manifest = check_served(out);
            assert!([1_000, 2_000].contains(&manifest.version), "after {changes} changes");
            // The trees may be of either build, or between the two.
            assert_eq!(encoded::faults(out), Vec::<String>::new(), "after {changes} changes");
        });
    }
}

#[test]
fn a_page_that_is_closed_has_no_encoding_at_any_step() {
    let open = |texts: &[&str], created| compressed(&site(&[("/a/", texts), ("/b/", &["b"])], created));
    let mut before = open(&["body", "body"], 1_000);
    before.trees[0].encoded = true;
    let closed = open(&["body", "teaser"], 2_000);
    let gone = compressed(&site(&[("/b/", &["b"])], 3_000));
    for after in [&closed, &gone] {
        for changes in 0.. {
            let (_folder, out) = output();
            publish(&out, &before);
            let done = build(&out, after, LinkMode::Hard, Fuse::after(changes)).is_ok();
            let page = fs::read_to_string(out.join("public/a/index.html")).unwrap_or_default();
            for (suffix, encoding) in [(".br", Encoding::Br), (".gz", Encoding::Gzip)] {
                let bytes = fs::read(out.join(format!("public/a/index.html{suffix}"))).ok();
                let text = bytes.map(|bytes| encoded::decoded(encoding, &bytes).unwrap());
                assert!(text.is_none_or(|text| text == page.as_bytes()), "{suffix} after {changes} changes");
            }
            if done {
                check_clean(&out, after, LinkMode::Hard);
                break;
            }
        }
    }
}

#[test]
fn a_first_build_killed_at_any_step_is_put_right() {
    let few = compressed(&site(&[("/", &["home"]), ("/a/b/", &["full", "teaser"])], 1_000));
    let clean = Clean::of(&few, LinkMode::Hard);
    for changes in (256..).step_by(3) {
        let (_folder, out) = output();
        if build(&out, &few, LinkMode::Hard, Fuse::after(changes)).is_ok() {
            break;
        }
        if out.join("manifest.json").exists() {
            check_served(&out);
            check(&out);
        }
        publish(&out, &few);
        clean.check(&out);
    }
}

#[test]
fn a_route_of_an_encodings_name_keeps_its_place() {
    let (_folder, out) = output();
    let mut site = compressed(&old_site());
    let own = |text: &str| vec![format!("own {text}"), format!("own {text}, teaser")];
    site.pages.insert("/style.css.gz".to_owned(), own("gz"));
    site.pages.insert("/blog/a/index.html.br/x".to_owned(), own("br"));
    // This one is nobody's: it is not in the public tree, and nothing else may stand there.
    site.trees[0].choice[1] = None;
    publish(&out, &site);
    check_clean(&out, &site, LinkMode::Hard);
    check(&out);
    for free in ["public/style.css.gz", "public/style.css.br", "public/blog/a/index.html.gz"] {
        assert!(!out.join(free).exists(), "{free}");
    }
    assert!(out.join("public/blog/b/index.html.gz").exists());
    assert_eq!(fs::read_to_string(out.join("tiers/pro/style.css.gz")).unwrap(), "own gz");
    // It is opened, and goes again.
    site.trees[0].choice[1] = Some(1);
    publish(&out, &site);
    check_clean(&out, &site, LinkMode::Hard);
    assert_eq!(fs::read_to_string(out.join("public/style.css.gz")).unwrap(), "own gz, teaser");
    site.pages.remove("/style.css.gz");
    publish(&out, &site);
    check_clean(&out, &site, LinkMode::Hard);
    assert!(out.join("public/style.css.br").exists());
}

#[test]
fn damage_to_encodings_is_put_right() {
    type Damage = (&'static str, fn(&Path, &Path));
    let damage: [Damage; 6] = [
        ("gone", |_, file| fs::remove_file(file).unwrap()),
        ("empty", |_, file| fs::write(file, "").unwrap()),
        ("another content", |_, file| {
            fs::remove_file(file).unwrap();
            fs::write(file, "another").unwrap();
        }),
        ("a folder", |_, file| {
            fs::remove_file(file).unwrap();
            fs::create_dir_all(file.join("x")).unwrap();
        }),
        ("gone from the tree", |out, _| fs::remove_file(out.join("public/course/index.html.gz")).unwrap()),
        ("a stray in the tree", |out, _| {
            fs::remove_file(out.join("public/course/index.html")).unwrap();
            fs::write(out.join("public/course/index.html"), "stray").unwrap();
        }),
    ];
    let modes = Modes { compress: true, ..Modes::default() };
    let site = compressed(&old_site());
    for (what, damage) in damage {
        let (_folder, out) = output();
        publish(&out, &site);
        damage(&out, &beside(&object(&out, &long("course")), ".gz"));
        assert_eq!(current(&out, "inputs", 150, modes), None, "{what}");
        publish(&out, &site);
        check_clean(&out, &site, LinkMode::Hard);
        check(&out);
        assert!(current(&out, "inputs", 150, modes).is_some(), "{what}");
    }
}

#[test]
fn after_a_kill_encodings_are_decoded_before_they_are_believed() {
    let (_folder, out) = output();
    let (old, new) = (compressed(&old_site()), compressed(&new_site()));
    publish(&out, &old);
    build(&out, &new, LinkMode::Hard, Fuse::after(2)).unwrap_err();
    for suffix in [".br", ".gz"] {
        let path = beside(&object(&out, &long("course")), suffix);
        let time = fs::metadata(&path).unwrap().mtime();
        alter(&path);
        tierpress::fs::set_mtime(&path, time).unwrap();
    }
    let kept = beside(&object(&out, &long("a")), ".br");
    let inode = fs::metadata(&kept).unwrap().ino();
    publish(&out, &new);
    check_clean(&out, &new, LinkMode::Hard);
    check(&out);
    assert_eq!(fs::metadata(&kept).unwrap().ino(), inode, "what is right is not made again");
}

#[test]
fn encoded_objects_go_with_their_object() {
    let (_folder, out) = output();
    publish(&out, &compressed(&old_site()));
    let object = object(&out, &long("gone"));
    let exist = || [".br", ".gz", ""].map(|suffix| beside(&object, suffix).exists());
    assert_eq!(exist(), [true; 3]);
    publish(&out, &compressed(&new_site()));
    assert_eq!(exist(), [true; 3], "the previous manifest names them");
    let mut third = compressed(&new_site());
    third.pages.insert("/third/".to_owned(), vec![long("third")]);
    third.created = 3_000;
    publish(&out, &third);
    assert_eq!(exist(), [false; 3]);
    check_clean(&out, &third, LinkMode::Hard);
}

#[test]
fn a_build_that_is_given_up_takes_its_encodings_away() {
    let (_folder, out) = output();
    publish(&out, &compressed(&old_site()));
    let before = files(&out);
    let mut publisher = Publisher::open(&out, LinkMode::Hard).unwrap();
    let mut manifest = store(&publisher, &compressed(&new_site())).unwrap();
    publisher.encode(&mut manifest.objects).unwrap();
    assert!(files(&out).len() > before.len());
    publisher.abandon().unwrap();
    assert_eq!(files(&out), before);
}

#[test]
fn what_does_not_become_smaller_is_left_alone() {
    let (_folder, out) = output();
    let mut publisher = Publisher::open(&out, LinkMode::Hard).unwrap();
    // What was encoded once does not compress again.
    let mut bits = 1_u64;
    let noise: Vec<u8> = (0..5_000).map(|_| step(&mut bits)).collect();
    let text = long("x");
    let cases: [(&[u8], &str, &str, usize); 6] = [
        (&noise, "txt", "text/plain", 0),
        (text.as_bytes(), "txt", "text/plain", 2),
        (text.as_bytes(), "png", "image/png", 0),
        (text.as_bytes(), "", "text/html; charset=utf-8", 0),
        (&[b'x'; 255], "txt", "text/plain", 0),
        (&[b'x'; 256], "txt", "text/plain", 2),
    ];
    for (bytes, extension, media_type, expected) in cases {
        let stored = publisher.put(bytes, extension).unwrap();
        let object = Object { encodings: Vec::new(), size: stored.size, media_type: media_type.to_owned() };
        let mut objects = BTreeMap::from([(stored.name.clone(), object)]);
        publisher.encode(&mut objects).unwrap();
        assert_eq!(objects[&stored.name].encodings.len(), expected, "{} {media_type}", bytes.len());
    }
}

/// A number that looks like chance (xorshift).
fn step(bits: &mut u64) -> u8 {
    *bits ^= *bits << 13;
    *bits ^= *bits >> 7;
    *bits ^= *bits << 17;
    bits.to_le_bytes()[3]
}
