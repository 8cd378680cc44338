//! Object files in the ELF format for x86-64, with what tools of the system want: the skin of
//! artifacts, and what debuggers are told.

/// Bytes of the header, which a file begins with.
pub const HEADER: usize = 64;

/// A section for the table of sections.
pub struct Section<'a> {
    /// Its name.
    pub name: &'a str,
    /// One of [`kind`].
    pub kind: u32,
    /// Such as [`CODE`]; 0 if it is not loaded.
    pub flags: u64,
    /// Where it is in memory; 0 if nobody knows.
    pub address: u64,
    /// Where it is in the file.
    pub offset: usize,
    /// Its bytes.
    pub len: usize,
    /// Its alignment.
    pub align: usize,
}

/// A function for the table of symbols.
pub struct Symbol<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its offset in the code.
    pub offset: u32,
    /// Its bytes.
    pub len: u32,
}

/// Kinds of sections.
pub mod kind {
    /// Bytes for the program.
    pub const PROGBITS: u32 = 1;
    /// Symbols.
    pub const SYMTAB: u32 = 2;
    /// Strings.
    pub const STRTAB: u32 = 3;
    /// Not in the file.
    pub const NOBITS: u32 = 8;
}

const SYMBOL: usize = 24;
const SECTION: usize = 64;
/// `SHF_ALLOC`
pub const LOADED: u64 = 2;
/// `SHF_ALLOC | SHF_EXECINSTR`
pub const CODE: u64 = 6;
/// `STB_GLOBAL`, `STT_FUNC`
const GLOBAL_FUNCTION: u8 = 0x12;

/// A table of strings.
struct Strings(Vec<u8>);

impl Strings {
    fn add(&mut self, text: &str) -> u32 {
        let at = self.0.len() as u32;
        // A name ends at its first NUL.
        self.0.extend(text.bytes().take_while(|b| *b != 0));
        self.0.push(0);
        at
    }
}

struct Row {
    name: u32,
    kind: u32,
    flags: u64,
    address: u64,
    offset: usize,
    len: usize,
    link: u32,
    info: u32,
    align: usize,
    entry: usize,
}

/// Appends the tables of sections and symbols to a file that begins with room for the header, and
/// fills that. The first section holds the code. Returns where the table of sections is.
pub fn finish(file: &mut Vec<u8>, sections: &[Section<'_>], symbols: &[Symbol<'_>]) -> usize {
    let (mut names, mut strings) = (Strings(vec![0]), Strings(vec![0]));
    let mut rows: Vec<Row> = sections
        .iter()
        .map(|section| Row {
            name: names.add(section.name),
            kind: section.kind,
            flags: section.flags,
            address: section.address,
            offset: section.offset,
            len: section.len,
            link: 0,
            info: 0,
            align: section.align,
            entry: 0,
        })
        .collect();
    let mut table = vec![0; SYMBOL];
    for symbol in symbols {
        table.extend(strings.add(symbol.name).to_le_bytes());
        // Information, visibility, and the section: the first behind that of index 0.
        table.extend([GLOBAL_FUNCTION, 0, 1, 0]);
        table.extend(u64::from(symbol.offset).to_le_bytes());
        table.extend(u64::from(symbol.len).to_le_bytes());
    }
    let mut append = |name: u32, kind, link, info, entry, bytes: &[u8]| {
        file.resize(file.len().next_multiple_of(8), 0);
        rows.push(Row {
            name,
            kind,
            flags: 0,
            address: 0,
            offset: file.len(),
            len: bytes.len(),
            link,
            info,
            align: 8,
            entry,
        });
        file.extend(bytes);
    };
    let string_section = sections.len() as u32 + 2;
    let name = names.add(".symtab");
    append(name, kind::SYMTAB, string_section, 1, SYMBOL, &table);
    let name = names.add(".strtab");
    append(name, kind::STRTAB, 0, 0, 0, &strings.0);
    let name = names.add(".shstrtab");
    append(name, kind::STRTAB, 0, 0, 0, &names.0);
    file.resize(file.len().next_multiple_of(8), 0);
    let start = file.len();
    file.extend([0; SECTION]);
    for row in &rows {
        file.extend(row.name.to_le_bytes());
        file.extend(row.kind.to_le_bytes());
        for word in [row.flags, row.address, row.offset as u64, row.len as u64] {
            file.extend(word.to_le_bytes());
        }
        file.extend(row.link.to_le_bytes());
        file.extend(row.info.to_le_bytes());
        for word in [row.align as u64, row.entry as u64] {
            file.extend(word.to_le_bytes());
        }
    }
    let count = rows.len() as u16 + 1;
    file[..HEADER].copy_from_slice(&header(start as u64, count));
    start
}

/// Where the address of a section is in a file whose table of sections is at `start`.
pub fn address_field(start: usize, section: usize) -> usize {
    // There is a row of zeros in front.
    start + (section + 1) * SECTION + 16
}

/// ELF's header of a relocatable file for x86-64.
fn header(sections: u64, count: u16) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    // 64 bits, little-endian, version 1.
    header[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(16, &1_u16.to_le_bytes());
    put(18, &62_u16.to_le_bytes());
    put(20, &1_u32.to_le_bytes());
    put(40, &sections.to_le_bytes());
    put(52, &(HEADER as u16).to_le_bytes());
    put(58, &(SECTION as u16).to_le_bytes());
    put(60, &count.to_le_bytes());
    put(62, &(count - 1).to_le_bytes());
    header
}
