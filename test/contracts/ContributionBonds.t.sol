// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ContributionBonds} from "solidity/ContributionBonds.sol";
import {DatanetRegistry} from "solidity/DatanetRegistry.sol";
import {StatementReader} from "solidity/StatementReader.sol";
import {Statements} from "solidity/Statements.sol";
import {Network} from "./Network.sol";

/// @dev What is locked with a commitment: who gets it back, and who can burn it. The roster is the host with one of
/// four, the validator with three.
contract ContributionBondsTest is Network {
    using Statements for Statements.Commitment;

    uint64 private constant TERM = 2 days;
    uint256 private constant AMOUNT = 5 ether;
    bytes32 private datanet;

    function setUp() public override {
        super.setUp();
        datanet = newDatanet("rules");
        staked(host, MIN_STAKE);
        staked(validator, MIN_STAKE);
        fund(contributor, 100 ether, address(bonds));
    }

    function bonding(bytes32 word, uint256 amount, uint64 lasts) private view returns (Statements.Commitment memory c) {
        c = committing(datanet, contributor, word);
        (c.bond, c.bondSeconds) = (amount, lasts);
    }

    function locked(bytes32 word) private returns (bytes32 contribution) {
        (contribution,) = committed(CONTRIBUTOR, bonding(word, AMOUNT, TERM));
    }

    function spam(bytes32 contribution, address by) private {
        vm.prank(by);
        bonds.callSpam(contribution);
    }

    function holds(uint256 amount) private view {
        same(bonds.held(), amount, "what it says it holds");
        same(token.balanceOf(address(bonds)), amount, "what it holds");
    }

    function testItIsLockedWithTheCommitmentAndComesBackWhenItsTimeIsOver() public {
        bytes32 contribution = locked("c");
        holds(AMOUNT);
        same(token.balanceOf(contributor), 95 ether, "locked");
        vm.warp(block.timestamp + TERM - 1);
        vm.expectPartialRevert(ContributionBonds.BondHeldUntil.selector);
        bonds.giveBack(contribution);
        vm.warp(block.timestamp + 1);
        vm.prank(stranger); // whoever asks, it goes to its contributor
        bonds.giveBack(contribution);
        holds(0);
        same(token.balanceOf(contributor), 100 ether, "back");
        vm.expectPartialRevert(ContributionBonds.NoOpenBond.selector);
        bonds.giveBack(contribution);
    }

    function testWithoutABondNothingIsLocked() public {
        (bytes32 contribution,) = committed(datanet, CONTRIBUTOR, "c");
        holds(0);
        vm.expectPartialRevert(ContributionBonds.NoOpenBond.selector);
        bonds.giveBack(contribution);
        vm.expectPartialRevert(ContributionBonds.NoOpenBond.selector);
        spam(contribution, validator);
    }

    function testMoreThanTwoThirdsBurnIt() public {
        bytes32 contribution = locked("c");
        uint256 supply = token.totalSupply();
        spam(contribution, host);
        holds(AMOUNT); // a fourth
        vm.expectPartialRevert(ContributionBonds.AlreadyCalledSpam.selector);
        spam(contribution, host);
        spam(contribution, validator);
        holds(0);
        same(token.totalSupply(), supply - AMOUNT, "nobody has it");
        vm.warp(block.timestamp + TERM);
        vm.expectPartialRevert(ContributionBonds.NoOpenBond.selector);
        bonds.giveBack(contribution);
    }

    function testExactlyTwoThirdsDoNot() public {
        address[] memory seats = new address[](3);
        (seats[0], seats[1], seats[2]) = (host, validator, challenger);
        uint96[] memory weights = new uint96[](3);
        (weights[0], weights[1], weights[2]) = (1, 1, 1);
        staked(challenger, MIN_STAKE);
        vm.prank(host);
        datanet = datanets.create("other rules", 1, seats, weights);
        bytes32 contribution = locked("c");
        spam(contribution, host);
        spam(contribution, validator);
        holds(AMOUNT);
        vm.warp(block.timestamp + TERM);
        vm.expectPartialRevert(ContributionBonds.BondIsDue.selector);
        spam(contribution, challenger); // too late: it is the contributor's
        bonds.giveBack(contribution);
        same(token.balanceOf(contributor), 100 ether, "a minority takes nothing");
    }

    function testOnlyItsOwnStakedRosterCanCallItSpam() public {
        bytes32 contribution = locked("c");
        vm.expectPartialRevert(ContributionBonds.NotOnItsRoster.selector);
        spam(contribution, stranger);
        vm.prank(validator);
        registry.requestUnbond(1);
        vm.expectPartialRevert(ContributionBonds.NotOnItsRoster.selector);
        spam(contribution, validator);
        // another roster takes over: it decides on what comes, not on what came
        staked(challenger, MIN_STAKE);
        staked(validator, 1);
        address[] memory seats = new address[](1);
        uint96[] memory weights = new uint96[](1);
        (seats[0], weights[0]) = (challenger, 9);
        vm.prank(validator);
        bytes32 succession = datanets.proposeRoster(datanet, seats, weights);
        vm.prank(validator);
        datanets.speakOnRoster(succession, true);
        datanets.seatRoster(succession, seats, weights);
        vm.expectPartialRevert(ContributionBonds.NotOnItsRoster.selector);
        spam(contribution, challenger);
        spam(contribution, validator);
        holds(0);
    }

    function testNobodyLocksWhatIsNotTheirs() public {
        vm.expectPartialRevert(ContributionBonds.NotTheRegistry.selector);
        bonds.lock("c", datanet, contributor, AMOUNT, TERM);
        Statements.Commitment memory c = bonding("c", AMOUNT, TERM);
        bytes memory signature = signed(CONTRIBUTOR, c.hash());
        c.bond = 2 * AMOUNT; // a relayer that would lock more
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        datanets.commitFor(c, signature);
        (c.bond, c.bondSeconds) = (AMOUNT, 2 * TERM); // or for longer
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        datanets.commitFor(c, signature);
        c.bond = 0; // or none, so that it would count for nothing
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        datanets.commitFor(c, signature);
        (c.bond, c.bondSeconds) = (AMOUNT, TERM);
        (bytes32 contribution,) = datanets.commitFor(c, signature);
        vm.expectPartialRevert(DatanetRegistry.AlreadyCommitted.selector);
        datanets.commitFor(c, signature); // and it locks once
        vm.warp(block.timestamp + TERM);
        bonds.giveBack(contribution);
        vm.expectPartialRevert(DatanetRegistry.AlreadyCommitted.selector);
        datanets.commitFor(c, signature);
        holds(0);
    }

    function testNoPlaceWithoutTheBondAndNoBondForEver() public {
        vm.prank(contributor);
        token.approve(address(bonds), AMOUNT - 1);
        Statements.Commitment memory c = bonding("c", AMOUNT, TERM);
        bytes memory signature = signed(CONTRIBUTOR, c.hash());
        vm.expectRevert();
        datanets.commitFor(c, signature);
        (,, uint64 commitments,,,) = datanets.datanetOf(datanet);
        same(commitments, 0, "it has no place");
        fund(contributor, 0, address(bonds));
        c.bondSeconds = bonds.LONGEST_BOND() + 1;
        signature = signed(CONTRIBUTOR, c.hash());
        vm.expectPartialRevert(ContributionBonds.BondTooLong.selector);
        datanets.commitFor(c, signature);
        (c.bond, c.bondSeconds) = (uint256(type(uint128).max) + 1, TERM);
        signature = signed(CONTRIBUTOR, c.hash());
        vm.expectPartialRevert(ContributionBonds.BondTooLarge.selector);
        datanets.commitFor(c, signature);
    }

    /// @dev The contributor has no coin: somebody else brings its commitment and its permit.
    function testARelayerBringsThePermitAndGainsNothing() public {
        vm.prank(contributor);
        token.approve(address(bonds), 0);
        Statements.Commitment memory c = bonding("c", AMOUNT, TERM);
        bytes memory signature = signed(CONTRIBUTOR, c.hash());
        bytes32 permit = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                contributor,
                address(bonds),
                AMOUNT,
                token.nonces(contributor),
                block.timestamp
            )
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(CONTRIBUTOR, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), permit)));
        // who saw it in the mempool used it first, which changes nothing
        vm.prank(stranger);
        token.permit(contributor, address(bonds), AMOUNT, block.timestamp, v, r, s);
        vm.prank(stranger);
        (bytes32 contribution,) = bonds.commitWithPermit(c, signature, block.timestamp, v, r, s);
        holds(AMOUNT);
        same(token.allowance(contributor, address(bonds)), 0, "no more than this bond");
        vm.warp(block.timestamp + TERM);
        vm.prank(stranger);
        bonds.giveBack(contribution);
        same(token.balanceOf(stranger), 0, "the relayer has nothing of it");
        same(token.balanceOf(contributor), 100 ether, "its contributor has");
    }

    /// @dev Any number of bonds, some burnt, some given back: what is held is what is open, to the unit.
    function testWhatIsHeldIsWhatIsOpen(uint256 seed, uint8 count) public {
        count = uint8(within(count, 1, 12));
        uint256 open = 0;
        uint256 burnt = 0;
        uint256 supply = token.totalSupply();
        bytes32[] memory all = new bytes32[](count);
        for (uint256 i = 0; i < count; i++) {
            uint256 amount = within(uint256(keccak256(abi.encode(seed, i))), 1, 8 ether);
            (all[i],) = committed(CONTRIBUTOR, bonding(bytes32(i), amount, TERM));
            open += amount;
        }
        for (uint256 i = 0; i < count; i++) {
            if ((seed >> i) & 1 == 1) continue;
            uint256 amount = bonds.bondOf(all[i]).amount;
            spam(all[i], validator);
            (open, burnt) = (open - amount, burnt + amount);
            holds(open);
        }
        vm.warp(block.timestamp + TERM);
        for (uint256 i = 0; i < count; i++) {
            if ((seed >> i) & 1 == 1) bonds.giveBack(all[i]);
        }
        holds(0);
        same(token.balanceOf(contributor), 100 ether - burnt, "all else is back");
        same(token.totalSupply(), supply - burnt, "what is burnt is nobody's");
    }
}
