# SPDX-License-Identifier: Apache-2.0
"""The validator against tests/config: bad configs with their sentences, good ones, damaged trees.

A file of tests/config/bad begins with comments: `expect: SENTENCE`, one for each error and no
other; `board: NAME`, the board without which there is no error; `args: ...`, more words for the
checker. One of tests/config/good may say `note: SENTENCE`, one for each note and no other.
"""
import pathlib
import random
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "tests" / "config"
sys.path.insert(0, str(CONFIGS))

import images  # noqa: E402
from run_case import SCALE  # noqa: E402

CHECKER = ROOT / "build" / "unit" / "bulkhead-config"      # with ASan and UBSan
MODELS = ("emul/vcontrol", "emul/vdoorbell", "emul/vpl011", "emul/vpl031", "virtio/blk",
          "virtio/net", "virtio/rng", "virtio/vsock")
PACKED = ("Image.gz", "zboot.gzip", "zboot.xz", "zboot.lzma", "zboot.zstd")
TIMEOUT = 20 * SCALE

BAD = sorted((CONFIGS / "bad").glob("*.dts"))
GOOD = sorted((CONFIGS / "good").glob("*.dts"))
EXAMPLES = sorted((ROOT / "vm-configs" / "examples").glob("*.dts"))


def stem(path: pathlib.Path) -> str:
    return path.stem


@pytest.fixture(scope="session", autouse=True)
def checker():
    """The checker under sanitizers, built once."""
    goal = str(CHECKER.relative_to(ROOT))
    done = subprocess.run(["make", "--no-print-directory", goal], cwd=ROOT, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, f"make {CHECKER.name} fails:\n{done.stderr[-2000:]}"


@pytest.fixture(scope="session")
def work(tmp_path_factory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("config")
    images.make(folder)
    return folder


@pytest.fixture(scope="session")
def boards(work) -> dict[str, pathlib.Path]:
    """The boards' trees: two that QEMU makes, and those of tests/config/boards."""
    found = {}
    for name, gic in (("virt", 3), ("gicv2", 2)):
        found[name] = work / f"{name}.board.dtb"
        if shutil.which("qemu-system-aarch64") is None:
            pytest.skip("qemu-system-aarch64 is missing (package qemu-system-arm)")
        subprocess.run(["qemu-system-aarch64", "-nic", "none", "-smp", "4", "-m", "2G", "-machine",
                        f"virt,virtualization=on,gic-version={gic},dumpdtb={found[name]}"],
                       check=True, capture_output=True, timeout=TIMEOUT)
    for path in (CONFIGS / "boards").glob("*.dts"):
        found[path.stem] = compile_tree(path, work, f"{path.stem}.board.dtb")
    return found


def compile_tree(path: pathlib.Path, work: pathlib.Path,
                 name: str | None = None) -> pathlib.Path:
    """A tree of a .dts, compiled as `make` does; the images come from the work folder."""
    out = work / (name or f"{path.parent.name}-{path.stem}.dtb")
    done = subprocess.run(["dtc", "-I", "dts", "-O", "dtb", "-Wno-interrupts_property",
                           "-i", str(work), "-o", str(out), str(path)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"dtc refuses {path}:\n{done.stderr}"
    # The binding is made so that a right config has no warning.
    quiet = not done.stderr or path.parent.name != "good"
    assert quiet, f"dtc warns about {path}:\n{done.stderr}"
    return out


def run_checker(dtb: pathlib.Path, *words) -> subprocess.CompletedProcess:
    """`check` on a tree; the sanitizers must have nothing to say."""
    done = subprocess.run([CHECKER, "check", dtb, *words], capture_output=True, text=True,
                          check=False, timeout=TIMEOUT, cwd=ROOT)
    assert done.returncode in (0, 1), f"it ended with {done.returncode}:\n{done.stderr[-2000:]}"
    return done


def check(dtb: pathlib.Path, *words) -> tuple[int, list[str]]:
    """The checker's status and its errors, without the file's name. Anything else it says fails."""
    done = run_checker(dtb, *words)
    lines = done.stderr.splitlines()
    assert all(line.startswith(("error: ", "note: ")) for line in lines), done.stderr
    errors = [line.removeprefix(f"error: {dtb}: ") for line in lines if line.startswith("error: ")]
    assert (done.returncode == 0) == (not errors), f"{done.returncode} with {len(errors)} errors"
    return done.returncode, errors


def noted(dtb: pathlib.Path, *words) -> list[str]:
    """What the checker notes of a config that it lets through."""
    lines = run_checker(dtb, *words).stderr.splitlines()
    return [line.removeprefix(f"note: {dtb}: ") for line in lines if line.startswith("note: ")]


def notes(path: pathlib.Path, word: str) -> list[str]:
    """What the comments at the top of a file say after a word."""
    return [found.replace("\\\n", "").strip() for found in
            re.findall(rf"^/\* {word}: (.*?) \*/$", path.read_text(encoding="utf-8"), re.M | re.S)]


@pytest.mark.parametrize("path", BAD, ids=stem)
def test_a_bad_config_gets_its_sentences(path, work, boards):
    dtb = compile_tree(path, work)
    expected = notes(path, "expect")
    words = [word for args in notes(path, "args") for word in args.split()]
    board = notes(path, "board")
    assert expected, f"{path} has no `expect:` line"
    if board:
        assert check(dtb, *words)[1] == []
        assert check(dtb, "--board", boards[board[0]], *words)[1] == expected
    else:
        assert check(dtb, *words)[1] == expected
        # The board adds what it knows; none of the others gets lost.
        assert set(expected) <= set(check(dtb, "--board", boards["virt"], *words)[1])


@pytest.mark.parametrize("path", GOOD, ids=stem)
def test_a_good_config_passes(path, work, boards):
    dtb = compile_tree(path, work)
    board = (notes(path, "board") or ["virt"])[0]
    assert check(dtb)[1] == []
    assert check(dtb, "--board", boards[board])[1] == []
    expected = notes(path, "note")
    if expected:
        assert noted(dtb, "--board", boards[board]) == expected


@pytest.mark.parametrize("path", EXAMPLES, ids=stem)
def test_an_example_is_refused_for_what_comes_later_only(path, work):
    """With the test's images in the place of those that `make fetch` brings."""
    source = work / f"example-{path.name}"
    text = path.read_text(encoding="utf-8").replace("../../build/guest/", "")
    source.write_text(text, encoding="utf-8")
    (work / "initrd.cpio.gz").write_bytes((work / "initrd").read_bytes())
    (work / "tick.bin").write_bytes((work / "rtos.bin").read_bytes())
    expected = notes(path, "expect")
    assert all("later version" in sentence for sentence in expected)
    assert check(compile_tree(source, work))[1] == expected


def test_there_are_sixty_bad_configs():
    assert len(BAD) >= 60


def test_without_a_board_it_says_what_was_left_out(work):
    dtb = compile_tree(GOOD[0], work)
    done = subprocess.run([CHECKER, "check", dtb], capture_output=True, text=True, check=True)
    assert "Left out without a board's device tree: CPU indices" in done.stdout
    assert "CPUs vCPUs without vcpu-cpus get and how their budgets and windows fit" in done.stdout


@pytest.mark.parametrize("kernel", PACKED)
def test_a_compressed_kernel_is_unpacked_and_hashed_in_the_bundle(kernel, work):
    source = work / f"packed-{kernel}.dts"
    base = (CONFIGS / "base.dtsi").read_text(encoding="utf-8")
    source.write_text(base.replace('"Image"', f'"{kernel}"'), encoding="utf-8")
    bundle = work / f"{kernel}.bundle"
    dtb = compile_tree(source, work, f"{kernel}.dtb")
    subprocess.run([CHECKER, "bundle", dtb, bundle], check=True, timeout=TIMEOUT)
    data = bundle.read_bytes()
    assert data[:8] == b"BULKHEAD" and len(data) % 4096 == 0
    assert (work / "Image").read_bytes() in data
    shown = subprocess.run([CHECKER, "show", bundle], capture_output=True, text=True, check=True)
    assert re.search(r"^kernel +linux +8192 bytes", shown.stdout, re.M), shown.stdout
    # A bundle's config has its hashes: they hold, and are found wrong when a byte changes.
    tree = work / f"{kernel}.again.dtb"
    tree.write_bytes(data[4096:])
    assert check(tree)[1] == []
    tree.write_bytes(data[4096:].replace(b"070701", b"070702"))
    assert check(tree)[1] == ["/images/initrd: hash-1: the sha256 of data is another one: the "
                              "image was changed after it was hashed"]


def test_a_damaged_bundle_is_refused(work):
    bundle = work / "damaged.bundle"
    tree = compile_tree(GOOD[0], work)
    subprocess.run([CHECKER, "bundle", tree, bundle], check=True, timeout=TIMEOUT)
    good = bundle.read_bytes()
    for position, words in ((0, "not a bundle"), (20, "header is damaged"), (5000, "is damaged")):
        bundle.write_bytes(good[:position] + bytes([good[position] ^ 1]) + good[position + 1:])
        done = subprocess.run([CHECKER, "show", bundle], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 1 and words in done.stderr


def damaged(work: pathlib.Path, data: bytes, *words: str) -> list[str]:
    tree = work / "damaged.dtb"
    tree.write_bytes(data)
    return check(tree, *words)[1]


def test_a_tree_cut_short_is_refused(work):
    data = compile_tree(GOOD[0], work).read_bytes()
    for size in [*range(0, 200), len(data) // 2, len(data) - 1]:
        assert damaged(work, data[:size]), f"{size} bytes are accepted"
    assert "it was cut short" in damaged(work, data[:-1])[0]


def test_a_tree_of_absurd_size_is_refused(work):
    data = compile_tree(GOOD[0], work).read_bytes()
    for size in (0xFFFFFFFF, 0x7FFFFFFF, len(data) + 1, 39, 0):
        assert damaged(work, data[:4] + size.to_bytes(4, "big") + data[8:])


def test_nodes_nested_too_deep_are_refused(work):
    source = work / "deep.dts"
    source.write_text("/dts-v1/;\n/ {" + " n {" * 40 + " };" * 40 + " };\n", encoding="utf-8")
    assert "nested more than 32 deep" in check(compile_tree(source, work))[1][0]


def test_phandle_cycles_end(work, boards):
    """In the config inside guest-dtb; on the board between interrupt parents."""
    source = work / "cycle.dts"
    source.write_text((CONFIGS / "base.dtsi").read_text(encoding="utf-8") + """
&a { guest-dtb { x: x { interrupt-parent = <&y>; interrupts = <1>; };
                 y: y { interrupt-parent = <&x>; interrupts = <2>; }; }; };
""", encoding="utf-8")
    assert check(compile_tree(source, work))[1] == []
    board = work / "cycle.board.dts"
    text = (CONFIGS / "boards" / "reserved.dts").read_text(encoding="utf-8")
    text = text.replace("interrupt-parent = <&gic>;", "interrupt-parent = <&ring>;")
    board.write_text(text.replace(
        "\tpsci {", "\tring: ring {\n\t\tinterrupt-parent = <&ring2>;\n\t};\n"
        "\tring2: ring2 {\n\t\tinterrupt-parent = <&ring>;\n\t};\n\tpsci {"), encoding="utf-8")
    done = subprocess.run(["dtc", "-q", "-f", "-o", work / "cycle.board.dtb", board], check=False)
    assert done.returncode == 0
    check(compile_tree(GOOD[0], work), "--board", work / "cycle.board.dtb")


def test_two_nodes_of_one_name_are_refused(work):
    """dtc merges them; other writers of trees may not."""
    source = work / "twins.dts"
    source.write_text((CONFIGS / "base.dtsi").read_text(encoding="utf-8") + """
/ { vms { z { compatible = "bulkhead,vm"; vcpus = <1>; kernel = <&kernel>;
              memory-size = <0x0 0x4000000>; }; }; };
""", encoding="utf-8")
    data = compile_tree(source, work).read_bytes()
    begin = (1).to_bytes(4, "big")
    assert data.count(begin + b"z\0\0\0") == 1
    assert damaged(work, data.replace(begin + b"z\0\0\0", begin + b"a\0\0\0")) == [
        "/vms/a: there are two nodes of this name"]


def test_random_damage_never_crashes_the_checker(work, boards):
    """A fixed seed: byte flips in structure and strings of config and board."""
    rng = random.Random(1)
    config = compile_tree(GOOD[0], work)
    for target in (config, boards["reserved"]):
        data = target.read_bytes()
        names = [match.start() for match in re.finditer(rb"[a-z-]{3,}", data)]
        for _ in range(60):
            broken = bytearray(data)
            for _ in range(rng.randrange(1, 4)):
                at = rng.choice(names) if rng.random() < 0.3 else rng.randrange(len(data))
                broken[min(at + rng.randrange(8), len(data) - 1)] = rng.randrange(256)
            if target is config:
                damaged(work, bytes(broken))
            else:
                tree = work / "damaged.board.dtb"
                tree.write_bytes(broken)
                run_checker(config, "--board", tree)  # errors may be about the board


def test_the_document_is_printed_from_the_tables_as_they_are():
    done = subprocess.run([CHECKER, "doc"], capture_output=True, text=True, check=True)
    assert done.stdout == (ROOT / "vm-configs" / "README.md").read_text(encoding="utf-8"), (
        "vm-configs/README.md is old: build/host/bulkhead-config doc > vm-configs/README.md")


def facts(path: pathlib.Path) -> list[str]:
    """What a file says about device types and their properties: the initialisers with constants."""
    text = re.sub(r'"\s*\n\s*"', "", path.read_text(encoding="utf-8"))
    text = re.sub(r'DOC\(\s*("[^\n]*")\)', r"\1", text)
    names = "compatible|help|size|ipa|spi|max_count|name|values|dflt|type"
    return re.findall(rf"^\s*\.((?:{names}) = .*),$", text, re.M)


@pytest.mark.parametrize("model", MODELS)
def test_the_host_knows_of_a_model_what_the_model_says(model):
    host = facts(ROOT / "tools" / "config" / "vdev_host.c")
    path = ROOT / "drivers" / f"{model}.c"
    others = ("name = \"P", "name = \"c", "type = &")    # of its registers, and of instances
    said = [fact for fact in facts(path) if not fact.startswith(others)]
    assert said, f"{path} says nothing about its type"
    assert [fact for fact in said if fact not in host] == []
