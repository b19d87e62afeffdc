// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AttributionAnchor} from "solidity/AttributionAnchor.sol";
import {NodeRegistry} from "solidity/NodeRegistry.sol";
import {Rounds} from "solidity/Rounds.sol";
import {Statements} from "solidity/Statements.sol";
import {SumTree} from "solidity/SumTree.sol";
import {TilthToken} from "solidity/TilthToken.sol";
import {Epochs} from "./Epochs.sol";

/// @dev A proposer that is a program: it does in one transaction what watchers would need two to see.
contract Program {
    AttributionAnchor private immutable anchor;
    NodeRegistry private immutable registry;

    constructor(AttributionAnchor anchor_, NodeRegistry registry_, TilthToken token) {
        (anchor, registry) = (anchor_, registry_);
        token.approve(address(anchor_), type(uint256).max);
        token.approve(address(registry_), type(uint256).max);
    }

    function stake(uint256 amount) external {
        registry.stake(amount);
    }

    function anchorAll(Rounds.Anchoring[] calldata receipts) external {
        for (uint256 i = 0; i < receipts.length; i++) anchor.anchorReceipts(receipts[i]);
    }

    function propose(AttributionAnchor.Proposal[] calldata proposals) external {
        for (uint256 i = 0; i < proposals.length; i++) anchor.propose(proposals[i]);
    }

    function unbond(uint256 amount) external {
        registry.requestUnbond(amount);
    }
}

/// @dev What it costs to try to take a pool.
contract TheftsTest is Epochs {
    using Statements for Statements.Receipt;

    function theft(bytes32 of_, uint256 sum) private view returns (AttributionAnchor.Proposal memory) {
        bytes32 root = SumTree.leaf(keccak256(abi.encode(stranger)), sum);
        return AttributionAnchor.Proposal(of_, 1, 0, 0, 0, root, sum, "bundle");
    }

    function program(uint256 tokens) private returns (Program made) {
        made = new Program(anchor, registry, token);
        token.transfer(address(made), tokens);
    }

    function filled(uint256 amount) private returns (bytes32) {
        token.approve(address(anchor), type(uint256).max);
        anchor.deposit(pool, amount);
        return pool;
    }

    function testOneStakeStandsBehindOneProposal() public {
        filled(100 ether);
        Program thief = program(MIN_STAKE + 10 * BOND);
        thief.stake(MIN_STAKE);
        Rounds.Anchoring[] memory both = new Rounds.Anchoring[](2);
        (both[0], both[1]) = (anchoring(theft("nobody's", 0)), anchoring(theft(pool, 100 ether)));
        vm.expectPartialRevert(NodeRegistry.NotEnoughStake.selector);
        thief.anchorAll(both);
    }

    function testTheStakeOfAProposerStaysUntilItsEpochIsDecided() public {
        filled(100 ether);
        Program thief = program(MIN_STAKE + 10 * BOND);
        thief.stake(MIN_STAKE);
        AttributionAnchor.Proposal[] memory one = new AttributionAnchor.Proposal[](1);
        one[0] = theft(pool, 100 ether);
        drawn(address(thief), one[0]);
        thief.propose(one);
        vm.expectPartialRevert(NodeRegistry.NotEnoughStake.selector);
        thief.unbond(1);
        vm.prank(validator);
        anchor.veto(pool, 1, 1);
        thief.unbond(MIN_STAKE);
        same(token.balanceOf(address(thief)), 9 * BOND, "and the bond is gone");
    }

    function testABondIsATenthOfWhatAnEpochCouldTake(uint256 amount) public {
        amount = within(amount, 10 * BOND, 500_000 ether);
        filled(amount);
        staked(stranger, MIN_STAKE);
        fund(stranger, amount, address(anchor));
        same(anchor.bondFor(pool, amount), amount / 10, "a tenth");
        proposed(stranger, theft(pool, amount));
        same(token.balanceOf(stranger), amount - amount / 10, "posted");
        vm.prank(validator);
        anchor.veto(pool, 1, 1);
        same(token.balanceOf(stranger), amount - amount / 10, "and lost");
    }

    function testNobodyFreezesAPoolForNothing() public {
        for (uint256 i = 0; i < 5; i++) {
            address a = vm.addr(0xE000 + i);
            staked(a, MIN_STAKE);
            fund(a, BOND, address(anchor));
            proposed(a, AttributionAnchor.Proposal(pool, 1, 0, 0, 0, 0, 0, "withheld"));
            vm.warp(block.timestamp + CHALLENGE - 1);
            vm.prank(validator);
            anchor.veto(pool, 1, uint32(i + 1));
            same(token.balanceOf(a), 0, "a window costs a bond");
        }
        same(token.totalSupply(), SUPPLY - 4 * BOND, "all but the first are burnt at once");
    }

    function testWhoChallengesItselfGetsNothingBack() public {
        Statements.Receipt memory r = receiptOf(1, 5);
        bytes memory bad = hex"00";
        bytes32 content = keccak256(abi.encode(digestOf(r.hash()), keccak256(bad), keccak256(bad)));
        proposed(settler, AttributionAnchor.Proposal(pool, 1, SumTree.leaf(content, 5), 5, 1, 0, 0, "bundle"));
        AttributionAnchor.ReceiptEvidence memory e =
            AttributionAnchor.ReceiptEvidence(r, bad, bad, 5, SumTree.Proof(0, new SumTree.Node[](0)));
        vm.prank(settler); // before the challenge that it saw coming
        anchor.challengeSignature(pool, 1, e);
        same(token.balanceOf(settler), 2 * BOND, "none of the bond");
        same(registry.stakeOf(settler), 0, "nor of the stake");
        same(token.totalSupply(), SUPPLY - BOND - MIN_STAKE, "all is burnt");
        Rounds.Anchoring memory again = anchoring(AttributionAnchor.Proposal(pool, 1, 0, 0, 0, 0, 0, "bundle"));
        vm.expectPartialRevert(NodeRegistry.NotEnoughStake.selector);
        vm.prank(settler);
        anchor.anchorReceipts(again);
    }
}
