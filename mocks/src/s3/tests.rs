use super::*;
use crate::route::operation;

fn ask(objects: &mut Objects, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
    let mut headers: Vec<(String, String)> =
        headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    headers.push((
        "authorization".into(),
        "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request".into(),
    ));
    let request = Request { method: method.into(), target: target.into(), headers, body: body.to_vec() };
    let render = |_: usize, _: &str| None;
    let store = Store { region: "us-east-1", now: Now::at(1_000), again: false, render: &render };
    let operation = operation(&request).strip_prefix("S3.").unwrap();
    objects.handle(&request, operation, &store)
}

fn text(response: &Response) -> String {
    String::from_utf8_lossy(&response.body).into_owned()
}

fn with_bucket() -> Objects {
    let mut objects = Objects::default();
    assert_eq!(ask(&mut objects, "PUT", "/b-1", &[], b"").status, 200);
    objects
}

#[test]
fn objects_come_back_and_chunk_frames_do_not() {
    let mut o = with_bucket();
    assert_eq!(ask(&mut o, "PUT", "/other/k", &[], b"x").status, 404);
    let framed = [
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    ];
    let body = b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc32:hYfZ9A==\r\n\r\n";
    assert_eq!(ask(&mut o, "PUT", "/b-1/a%20b%2Bc", &framed, body).status, 400, "a wrong checksum");
    let body = b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc32:hYfYZQ==\r\n\r\n";
    let put = ask(&mut o, "PUT", "/b-1/a%20b%2Bc", &framed, body);
    assert_eq!(put.status, 200, "{}", text(&put));
    assert_eq!(ask(&mut o, "GET", "/b-1/a%20b%2Bc", &[], b"").body, b"abcde");
    assert_eq!(o.names(), ["s3://b-1/a b+c"]);
    assert_eq!(ask(&mut o, "PUT", "/b-1/cut", &framed, b"9\r\nabc").status, 400);
}

#[test]
fn keys_are_names_and_never_paths() {
    let mut o = with_bucket();
    let _put = ask(&mut o, "PUT", "/b-1/../../etc/passwd", &[], b"x");
    assert_eq!(ask(&mut o, "GET", "/b-1/../../etc/passwd", &[], b"").body, b"x");
    for bad in ["/UPPER", "/a", "/-a-", "/a..b"] {
        assert_eq!(ask(&mut o, "PUT", bad, &[], b"").status, 400, "{bad}");
    }
}

#[test]
fn ranges_and_conditions() {
    let mut o = with_bucket();
    let tag = ask(&mut o, "PUT", "/b-1/k", &[], b"0123456789").headers[0].1.clone();
    for (range, status, body) in [
        ("bytes=2-4", 206, "234"),
        ("bytes=7-", 206, "789"),
        ("bytes=-2", 206, "89"),
        ("bytes=5-99", 206, "56789"),
        ("bytes=4-2", 200, "0123456789"),
    ] {
        let got = ask(&mut o, "GET", "/b-1/k", &[("range", range)], b"");
        assert_eq!((got.status, text(&got).as_str()), (status, body), "{range}");
    }
    assert_eq!(ask(&mut o, "GET", "/b-1/k", &[("range", "bytes=10-")], b"").status, 416);
    for (name, value, status) in [
        ("if-match", tag.as_str(), 200),
        ("if-match", "\"no\"", 412),
        ("if-none-match", tag.as_str(), 304),
        ("if-none-match", "\"no\"", 200),
        ("if-modified-since", "Thu, 01 Jan 1970 00:00:01 GMT", 304),
        ("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT", 200),
        ("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT", 412),
    ] {
        assert_eq!(ask(&mut o, "GET", "/b-1/k", &[(name, value)], b"").status, status, "{name} {value}");
    }
    assert_eq!(ask(&mut o, "PUT", "/b-1/k", &[("if-none-match", "*")], b"x").status, 412);
}

#[test]
fn listings_page_and_fold() {
    let mut o = with_bucket();
    for key in ["a", "d/1", "d/2", "e/1", "z"] {
        assert_eq!(ask(&mut o, "PUT", &format!("/b-1/{key}"), &[], b"x").status, 200);
    }
    let all = text(&ask(&mut o, "GET", "/b-1?list-type=2", &[], b""));
    assert!(all.contains("<KeyCount>5</KeyCount>") && all.contains("<IsTruncated>false<"), "{all}");
    let folded = text(&ask(&mut o, "GET", "/b-1?list-type=2&delimiter=%2F", &[], b""));
    assert!(folded.contains("<KeyCount>4<") && folded.contains("<CommonPrefixes><Prefix>d/<"), "{folded}");
    assert!(!folded.contains("<Key>d/1<"), "{folded}");
    let below = text(&ask(&mut o, "GET", "/b-1?list-type=2&prefix=d%2F", &[], b""));
    assert!(below.contains("<KeyCount>2<") && below.contains("<Key>d/2<"), "{below}");
    let (mut seen, mut token) = (Vec::new(), String::new());
    for _ in 0..9 {
        let next = if token.is_empty() { String::new() } else { format!("&continuation-token={token}") };
        let page =
            text(&ask(&mut o, "GET", &format!("/b-1?list-type=2&max-keys=1&delimiter=/{next}"), &[], b""));
        let rows = page.split("<Key>").skip(1).chain(page.split("<CommonPrefixes><Prefix>").skip(1));
        seen.extend(rows.map(|r| r.split('<').next().unwrap_or("").to_owned()));
        match page.split_once("<NextContinuationToken>") {
            Some((_, rest)) => token = rest.split('<').next().unwrap_or("").to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, ["a", "d/", "e/", "z"]);
    assert_eq!(ask(&mut o, "GET", "/b-1?list-type=2&continuation-token=zz", &[], b"").status, 400);
}

#[test]
fn parts_make_an_object_and_copies_are_their_own() {
    let mut o = with_bucket();
    let begun = text(&ask(&mut o, "POST", "/b-1/k?uploads", &[], b""));
    let id = begun.split("<UploadId>").nth(1).and_then(|r| r.split('<').next()).unwrap().to_owned();
    for (n, body) in [(2, "world"), (1, "hello ")] {
        let put = ask(&mut o, "PUT", &format!("/b-1/k?partNumber={n}&uploadId={id}"), &[], body.as_bytes());
        assert_eq!(put.status, 200);
    }
    let wrong = b"<C><Part><PartNumber>3</PartNumber></Part></C>";
    assert_eq!(ask(&mut o, "POST", &format!("/b-1/k?uploadId={id}"), &[], wrong).status, 400);
    let right = b"<C><Part><PartNumber>1</PartNumber></Part><Part><PartNumber>2</PartNumber></Part></C>";
    let done = ask(&mut o, "POST", &format!("/b-1/k?uploadId={id}"), &[], right);
    assert!(text(&done).contains("-2&quot;</ETag>"), "{}", text(&done));
    assert_eq!(ask(&mut o, "GET", "/b-1/k", &[], b"").body, b"hello world");
    assert_eq!(ask(&mut o, "PUT", "/b-1/c", &[("x-amz-copy-source", "/b-1/k")], b"").status, 200);
    assert_eq!(ask(&mut o, "DELETE", "/b-1/k", &[], b"").status, 204);
    assert_eq!(ask(&mut o, "GET", "/b-1/k", &[], b"").status, 404);
    assert_eq!(ask(&mut o, "GET", "/b-1/c", &[], b"").body, b"hello world");
    assert_eq!(ask(&mut o, "DELETE", "/b-1", &[], b"").status, 409);
    let many = b"<Delete><Object><Key>c</Key></Object></Delete>";
    assert_eq!(ask(&mut o, "POST", "/b-1?delete", &[], many).status, 200);
    assert_eq!(ask(&mut o, "DELETE", "/b-1", &[], b"").status, 204);
}

#[test]
fn writes_have_conditions_and_parts_have_tags() {
    let mut o = with_bucket();
    let put = ask(&mut o, "PUT", "/b-1/k", &[], b"one");
    let tag = put.headers.iter().find(|(n, _)| n == "etag").unwrap().1.clone();
    assert_eq!(ask(&mut o, "PUT", "/b-1/k", &[("if-none-match", "*")], b"two").status, 412);
    assert_eq!(ask(&mut o, "PUT", "/b-1/k", &[("if-match", "\"other\"")], b"two").status, 412);
    assert_eq!(ask(&mut o, "PUT", "/b-1/none", &[("if-match", &tag)], b"two").status, 404);
    assert_eq!(ask(&mut o, "PUT", "/b-1/k", &[("if-match", &tag)], b"two").status, 200);
    assert_eq!(
        ask(
            &mut o,
            "PUT",
            "/b-1/c",
            &[("x-amz-copy-source", "b-1/k"), ("x-amz-copy-source-if-match", &tag)],
            b""
        )
        .status,
        412
    );
    let begun = text(&ask(&mut o, "POST", "/b-1/m?uploads", &[], b""));
    let id = begun.split("<UploadId>").nth(1).and_then(|r| r.split('<').next()).unwrap().to_owned();
    let part = format!("/b-1/m?partNumber=1&uploadId={id}");
    let copied = ask(
        &mut o,
        "PUT",
        &part,
        &[("x-amz-copy-source", "/b-1/k"), ("x-amz-copy-source-range", "bytes=1-2")],
        b"",
    );
    let tag = text(&copied).split("&quot;").nth(1).unwrap().to_owned();
    let list = |tag: &str| format!("<C><Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part></C>");
    let complete = format!("/b-1/m?uploadId={id}");
    assert_eq!(ask(&mut o, "POST", &complete, &[], list("&quot;0&quot;").as_bytes()).status, 400);
    assert_eq!(ask(&mut o, "POST", &complete, &[], list(&tag).as_bytes()).status, 200);
    assert_eq!(ask(&mut o, "GET", "/b-1/m", &[], b"").body, b"wo");
}

#[test]
fn settings_of_a_bucket_are_no_buckets() {
    let mut o = with_bucket();
    assert_eq!(ask(&mut o, "GET", "/b-1?policy", &[], b"").status, 404);
    assert_eq!(ask(&mut o, "PUT", "/b-1?publicAccessBlock", &[], b"<P/>").status, 200);
    assert_eq!(ask(&mut o, "GET", "/b-1?publicAccessBlock", &[], b"").body, b"<P/>");
    assert_eq!(ask(&mut o, "DELETE", "/b-1?publicAccessBlock", &[], b"").status, 204);
    assert_eq!(ask(&mut o, "GET", "/b-1?versioning", &[], b"").status, 200);
    assert_eq!(ask(&mut o, "PUT", "/none?policy", &[], b"{}").status, 404);
    assert_eq!(ask(&mut o, "PUT", "/b-1/k", &[], b"x").status, 200);
    let shown = ask(&mut o, "GET", "/b-1/k?response-content-type=text%2Fx", &[], b"");
    assert!(shown.headers.contains(&("content-type".into(), "text/x".into())), "{:?}", shown.headers);
}

#[test]
fn settings_count_in_the_memory_that_a_world_may_take() {
    let mut o = with_bucket();
    let held = o.bytes;
    assert_eq!(ask(&mut o, "PUT", "/b-1?policy", &[], &[b'x'; 1000]).status, 204);
    assert_eq!(o.bytes, held + 1000);
    assert_eq!(ask(&mut o, "PUT", "/b-1?policy", &[], &[b'x'; 10]).status, 204);
    assert_eq!(ask(&mut o, "PUT", "/b-1?tagging", &[], &[b'x'; 5]).status, 200);
    assert_eq!(o.bytes, held + 15);
    assert_eq!(ask(&mut o, "DELETE", "/b-1?policy", &[], b"").status, 204);
    assert_eq!(o.bytes, held + 5);
    // Nearly full: what does not fit is refused and leaves the old one.
    o.bytes = super::MOST_BYTES - 3;
    assert_eq!(ask(&mut o, "PUT", "/b-1?tagging", &[], &[b'y'; 9]).status, 503);
    assert_eq!(ask(&mut o, "GET", "/b-1?tagging", &[], b"").body, b"xxxxx");
    o.bytes = held + 5;
    assert_eq!(ask(&mut o, "DELETE", "/b-1", &[], b"").status, 204);
    assert_eq!(o.bytes, held);
}

#[test]
fn objects_have_tags_attributes_and_one_version() {
    let mut o = with_bucket();
    for key in ["a", "b", "c"] {
        assert_eq!(
            ask(&mut o, "PUT", &format!("/b-1/{key}"), &[("x-amz-tagging", "team=x%20y")], b"abc").status,
            200
        );
    }
    let got = ask(&mut o, "GET", "/b-1/a", &[], b"");
    let header = |name: &str| got.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!((header("x-amz-tagging-count"), header("x-amz-tagging")), (Some("1"), None));
    assert_eq!(header("x-amz-server-side-encryption"), Some("AES256"));
    let tags = text(&ask(&mut o, "GET", "/b-1/a?tagging", &[], b""));
    assert!(tags.contains("<Tag><Key>team</Key><Value>x y</Value></Tag>"), "{tags}");
    let body = b"<Tagging><TagSet><Tag><Key>k&amp;1</Key><Value></Value></Tag></TagSet></Tagging>";
    assert_eq!(ask(&mut o, "PUT", "/b-1/a?tagging", &[], body).status, 200);
    let tags = text(&ask(&mut o, "GET", "/b-1/a?tagging", &[], b""));
    assert!(tags.contains("<TagSet><Tag><Key>k&amp;1</Key><Value></Value></Tag></TagSet>"), "{tags}");
    assert_eq!(ask(&mut o, "DELETE", "/b-1/a?tagging", &[], b"").status, 204);
    assert!(text(&ask(&mut o, "GET", "/b-1/a?tagging", &[], b"")).contains("<TagSet></TagSet>"));
    assert_eq!(ask(&mut o, "GET", "/b-1/none?tagging", &[], b"").status, 404);
    let wanted = [("x-amz-object-attributes", "ETag,ObjectSize")];
    let attributes = text(&ask(&mut o, "GET", "/b-1/a?attributes", &wanted, b""));
    assert!(
        attributes.contains("<ObjectSize>3</ObjectSize>") && attributes.contains("<ETag>9001"),
        "{attributes}"
    );
    let page = text(&ask(&mut o, "GET", "/b-1?versions&max-keys=2", &[], b""));
    assert!(page.contains("<Key>b</Key>") && !page.contains("<Key>c</Key>"), "{page}");
    assert!(page.contains("<NextKeyMarker>b</NextKeyMarker>"), "{page}");
    let page = text(&ask(&mut o, "GET", "/b-1?versions&key-marker=b", &[], b""));
    assert!(
        page.contains("<Key>c</Key><VersionId>null</VersionId>") && !page.contains("<Key>b</Key>"),
        "{page}"
    );
}

#[test]
fn uploads_under_way_are_listed_with_their_parts() {
    let mut o = with_bucket();
    let begun = text(&ask(&mut o, "POST", "/b-1/big?uploads", &[], b""));
    let id = begun.split_once("<UploadId>").and_then(|(_, r)| r.split('<').next()).unwrap().to_owned();
    assert_eq!(ask(&mut o, "PUT", &format!("/b-1/big?partNumber=2&uploadId={id}"), &[], b"abc").status, 200);
    let open = text(&ask(&mut o, "GET", "/b-1?uploads", &[], b""));
    assert!(open.contains(&format!("<Key>big</Key><UploadId>{id}</UploadId>")), "{open}");
    let parts = text(&ask(&mut o, "GET", &format!("/b-1/big?uploadId={id}"), &[], b""));
    assert!(parts.contains("<PartNumber>2</PartNumber>") && parts.contains("<Size>3</Size>"), "{parts}");
    assert_eq!(ask(&mut o, "DELETE", &format!("/b-1/big?uploadId={id}"), &[], b"").status, 204);
    assert!(!text(&ask(&mut o, "GET", "/b-1?uploads", &[], b"")).contains("<Upload>"));
}

#[test]
fn buckets_are_listed_by_prefix() {
    let mut o = with_bucket();
    assert_eq!(ask(&mut o, "PUT", "/c-1", &[], b"").status, 200);
    let all = text(&ask(&mut o, "GET", "/?prefix=c-", &[], b""));
    assert!(all.contains("<Name>c-1</Name>") && !all.contains("<Name>b-1</Name>"), "{all}");
}
