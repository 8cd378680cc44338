//! Sections and functions of a module: where they are, how large, how they are called.

use crate::failure::Failure;
use std::collections::HashMap;
use std::ops::Range;
use tierra::Module;
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

/// A section.
pub struct Section {
    /// The specification's name, or a custom section's own.
    pub name: String,
    /// Whether it is a custom section.
    pub custom: bool,
    /// Its contents in the module, without the header.
    pub range: Range<usize>,
    /// How many entries it has; custom sections have none.
    pub entries: Option<u32>,
}

/// A function that the module defines.
pub struct Function<'m> {
    /// Its index, after those of imported functions.
    pub index: u32,
    /// Its name in the name section.
    pub name: Option<&'m str>,
    /// Its body in the module.
    pub range: Range<usize>,
}

/// What is in a module.
#[derive(Default)]
pub struct Contents<'m> {
    /// The sections in order.
    pub sections: Vec<Section>,
    /// The functions in order.
    pub functions: Vec<Function<'m>>,
}

impl<'m> Contents<'m> {
    /// Reads a module, which is valid.
    pub fn of(module: &'m Module) -> wasmparser::Result<Contents<'m>> {
        let mut contents = Contents::default();
        let (mut imported, mut names) = (0, HashMap::new());
        for payload in Parser::new(0).parse_all(module.bytes()) {
            let payload = payload?;
            if let Some(section) = section(&payload) {
                contents.sections.push(section);
            }
            match payload {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    let index = imported + contents.functions.len() as u32;
                    contents.functions.push(Function {
                        index,
                        name: None,
                        range: range(&body.range()),
                    });
                }
                Payload::CustomSection(custom) => {
                    if let KnownCustom::Name(section) = custom.as_known() {
                        // A malformed name section is no error.
                        section
                            .into_iter()
                            .map_while(Result::ok)
                            .for_each(|n| function_names(n, &mut names));
                    }
                }
                _ => {}
            }
        }
        for function in &mut contents.functions {
            function.name = names.get(&function.index).copied();
        }
        Ok(contents)
    }

    /// The functions that the user asks for: one by index or name, or all.
    pub fn find(
        &self,
        module: &'m Module,
        wanted: Option<&str>,
    ) -> Result<Vec<&Function<'m>>, Failure> {
        let index = wanted.and_then(|wanted| wanted.parse::<u32>().ok());
        let is_wanted = |function: &&Function<'m>| {
            let exported = || module.func_name(function.index);
            match (wanted, index) {
                (None, _) => true,
                (_, Some(index)) => function.index == index,
                (wanted, _) => function.name.or_else(exported) == wanted,
            }
        };
        let found: Vec<_> = self.functions.iter().filter(is_wanted).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let wanted = wanted.unwrap_or_default();
        let failure = Failure::user(format!("there is no function `{wanted}` with a body"));
        Err(failure.hint("name it by its index, or as `tierra inspect --functions 1000` does"))
    }
}

fn function_names<'m>(name: Name<'m>, names: &mut HashMap<u32, &'m str>) {
    if let Name::Function(map) = name {
        names.extend(
            map.into_iter()
                .map_while(Result::ok)
                .map(|naming| (naming.index, naming.name)),
        );
    }
}

fn section(payload: &Payload<'_>) -> Option<Section> {
    macro_rules! rows {
        ($($variant:ident $name:literal)*) => {
            match payload {
                $(Payload::$variant(reader) => Some(known($name, reader.range(), Some(reader.count()))),)*
                Payload::StartSection { range, .. } => Some(known("start", range.clone(), None)),
                Payload::DataCountSection { count, range } => {
                    Some(known("datacount", range.clone(), Some(*count)))
                }
                Payload::CodeSectionStart {
 count, unchecked_range, .. } => {
                    Some(known("code", unchecked_range.clone(), Some(*count)))
                }
                Payload::CustomSection(custom) => Some(Section {
                    name: custom.name().into(),
                    custom: true,
                    range: range(&custom.range()),
                    entries: None,
                }),
                _ => None,
            }
        };
    }
    rows! {
        TypeSection "type"
        ImportSection "import"
        FunctionSection "function"
        TableSection "table"
        MemorySection "memory"
        TagSection "tag"
        GlobalSection "global"
        ExportSection "export"
        ElementSection "element"
        DataSection "data"
    }
}

fn known(name: &str, bytes: Range<u64>, entries: Option<u32>) -> Section {
    Section {
        name: name.into(),
        custom: false,
        range: range(&bytes),
        entries,
    }
}

fn range(range: &Range<u64>) -> Range<usize> {
    range.start as usize..range.end as usize
}
