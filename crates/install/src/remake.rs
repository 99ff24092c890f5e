//! A keg's tree, made again of its receipt and the plans that the store remembers.

use digest::Digest;
use fs_err as fs;
use store::{Content, Layout, archive::Plan, keg, tree::Sealed};

use crate::{
    assemble,
    receipt::{self, LayerRecipe, Receipt, Recipe},
};

/// What a keg must hold cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its receipt cannot be read.
    #[error(transparent)]
    Receipt(#[from] receipt::Error),
    /// The plan of a layer is gone or damaged.
    #[error("it is no longer known what {digest} holds")]
    Plan {
        /// The layer.
        digest: Digest,
    },
    /// The layers do not make a keg any more.
    #[error("the plans of its layers do not fit its receipt")]
    Tree(#[source] store::tree::Error),
}

/// What a keg must hold: the tree, and the files that are its own.
pub(crate) struct Remade {
    pub(crate) sealed: Sealed,
    pub(crate) copies: Vec<keg::Copy>,
}

impl Remade {
    /// What the keg of a receipt must hold, by the plans in the store.
    pub(crate) fn of(layout: &Layout, receipt: &Receipt) -> Result<Self, Error> {
        let recipe = &receipt.recipe;
        let plan = |layer| plan(layout, recipe, layer);
        let plans: Vec<Plan> = recipe.layers.iter().map(plan).collect::<Result<_, _>>()?;
        Self::with(receipt, &plans.iter().collect::<Vec<_>>())
    }

    /// What the keg of a receipt must hold, by plans that are at hand.
    pub(crate) fn with(receipt: &Receipt, plans: &[&Plan]) -> Result<Self, Error> {
        let sealed = assemble::rebuild(&receipt.recipe, plans).map_err(Error::Tree)?;
        Ok(Self { sealed, copies: assemble::copies(&receipt.recipe) })
    }

    /// The contents that the store must have for it.
    pub(crate) fn contents(&self) -> Vec<Content> {
        let copied = self.copies.iter().filter_map(|copy| match &copy.source {
            keg::Source::Content(content) => Some(*content),
            keg::Source::Patched { from, .. } => Some(*from),
            keg::Source::Bytes(_) => None,
        });
        self.sealed.files().map(|(_, content)| *content).chain(copied).collect()
    }
}

/// The plan of a layer; one that was made by another reading of the blob is none.
fn plan(layout: &Layout, recipe: &Recipe, layer: &LayerRecipe) -> Result<Plan, Error> {
    let unknown = || Error::Plan { digest: layer.digest.clone() };
    let bytes = fs::read(layout.plan(&layer.digest)).map_err(|_| unknown())?;
    let plan = Plan::from_bytes(&bytes).map_err(|_| unknown())?;
    if assemble::fits(recipe, layer, &plan) { Ok(plan) } else { Err(unknown()) }
}
