// Package pipeline is the engine of linecook: it knows no GitHub, no policy
// engine, no environment and no clock.
//
//  1. pipeline.yaml becomes a Config, and each source's contract a Contract.
//  2. dataset opens the sources; validation checks them under the contracts.
//  3. training takes a feature snapshot, fits, evaluates on a later period, and
//     writes a bundle, which a registry keeps.
//  4. promotion turns evidence into a decision and a decision into a stage event.
//  5. inference opens the bundle that is on a stage, checks a partition under the
//     bundle's own contracts, scores it, and writes a run to the ledger. It
//     cannot fit: nothing that fits is in its dependencies.
//  6. monitoring compares what was scored with the training profile and, once
//     labels are known, with what happened.
//  7. backtest rehearses all of it over history.
package pipeline
