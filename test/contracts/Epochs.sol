// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AttributionAnchor} from "solidity/AttributionAnchor.sol";
import {Statements} from "solidity/Statements.sol";
import {SumTree} from "solidity/SumTree.sol";
import {Network} from "./Network.sol";
import {TreeBuilder} from "./TreeBuilder.sol";

/// @dev An epoch of one channel as its settler proposes it, and what challenges it.
abstract contract Epochs is Network {
    using Statements for Statements.Receipt;

    uint256 internal constant DEPOSIT = 1000 ether;
    bytes32 internal pool;
    bytes32 internal model;
    bytes32 internal channel;

    /// @dev An epoch as its proposer has it; storage copies of nested arrays are dear, so tests pass it along.
    struct Draft {
        Statements.Receipt[] receipts;
        bytes[] clientSignatures;
        bytes[] workerSignatures;
        uint256[] sums;
        SumTree.Node[][] levels;
    }

    function setUp() public override {
        super.setUp();
        (pool, model, channel) = servedModel(DEPOSIT);
        staked(settler, MIN_STAKE);
        staked(host, MIN_STAKE);
        staked(validator, MIN_STAKE);
        fund(settler, BOND * 3, address(anchor));
    }

    function receiptOf(uint64 sequence, uint256 fee) internal view returns (Statements.Receipt memory) {
        return Statements.Receipt(channel, sequence, 0, model, "request", "response", 10, 20, fee, fee, 7, 1, 2, false);
    }

    /// @dev Receipts 0..count-1 of the channel with fees from the seed, signed by both; the tree is not built yet.
    function honest(uint256 count, uint256 seed) internal view returns (Draft memory draft) {
        draft.receipts = new Statements.Receipt[](count);
        draft.clientSignatures = new bytes[](count);
        draft.workerSignatures = new bytes[](count);
        draft.sums = new uint256[](count);
        for (uint256 i = 0; i < count; i++) {
            uint256 fee = within(uint256(keccak256(abi.encode(seed, i))), 1, 1 ether);
            write(draft, i, receiptOf(uint64(i), fee));
        }
    }

    function write(Draft memory draft, uint256 position, Statements.Receipt memory receipt) internal view {
        draft.receipts[position] = receipt;
        draft.clientSignatures[position] = signed(CLIENT, receipt.hash());
        draft.workerSignatures[position] = signed(WORKER, receipt.hash());
        draft.sums[position] = receipt.fee;
    }

    function leavesOf(Draft memory draft) internal view returns (SumTree.Node[] memory leaves) {
        leaves = new SumTree.Node[](draft.receipts.length);
        for (uint256 i = 0; i < leaves.length; i++) {
            leaves[i] = TreeBuilder.leafNode(contentOf(draft, i), draft.sums[i]);
        }
    }

    function contentOf(Draft memory draft, uint256 i) internal view returns (bytes32) {
        return keccak256(
            abi.encode(
                digestOf(draft.receipts[i].hash()),
                keccak256(draft.clientSignatures[i]),
                keccak256(draft.workerSignatures[i])
            )
        );
    }

    function propose(Draft memory draft) internal {
        if (draft.levels.length == 0) draft.levels = TreeBuilder.build(leavesOf(draft));
        SumTree.Node memory root = TreeBuilder.root(draft.levels);
        uint32 next = anchor.poolOf(pool).epoch + 1;
        proposed(
            settler,
            AttributionAnchor.Proposal(
                pool, next, root.hash, root.sum, uint32(draft.receipts.length), 0, 0, "bundle"
            )
        );
    }

    function evidence(Draft memory draft, uint256 i) internal pure returns (AttributionAnchor.ReceiptEvidence memory) {
        return AttributionAnchor.ReceiptEvidence(
            draft.receipts[i],
            draft.clientSignatures[i],
            draft.workerSignatures[i],
            draft.sums[i],
            TreeBuilder.prove(draft.levels, 0, i)
        );
    }

    function nodeEvidence(Draft memory draft, uint256 level, uint256 position)
        internal
        pure
        returns (AttributionAnchor.NodeEvidence memory)
    {
        SumTree.Node[] memory below = draft.levels[level - 1];
        return AttributionAnchor.NodeEvidence(
            below[2 * position],
            below[2 * position + 1],
            draft.levels[level][position].sum,
            TreeBuilder.prove(draft.levels, level, position)
        );
    }

    function state(uint32 epoch) internal view returns (AttributionAnchor.State) {
        return anchor.epochOf(pool, epoch).state;
    }

    /// @dev The challenge that comes next must win.
    function wins() internal {
        vm.prank(challenger);
    }

    function won() internal view {
        yes(state(1) == AttributionAnchor.State.Voided, "voided");
        same(token.balanceOf(challenger), BOND / 10, "the finder's part");
        same(registry.stakeOf(settler), 0, "the stake behind it is gone");
        same(token.totalSupply(), SUPPLY - MIN_STAKE - (BOND - BOND / 10), "the rest is burnt");
    }
}
