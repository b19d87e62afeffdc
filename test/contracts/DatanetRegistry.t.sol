// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DatanetRegistry} from "solidity/DatanetRegistry.sol";
import {Rosters} from "solidity/Rosters.sol";
import {StatementReader} from "solidity/StatementReader.sol";
import {Statements} from "solidity/Statements.sol";
import {Network} from "./Network.sol";

contract DatanetRegistryTest is Network {
    using Statements for Statements.Datanet;
    using Statements for Statements.Commitment;
    using Statements for Statements.Version;
    using Statements for Statements.Vote;

    function testTheIdIsTheDigestOfTheHostsStatement() public {
        bytes32 id = newDatanet("rules");
        same(id, digestOf(Statements.Datanet(host, "rules", 1).hash()), "id");
        (address of_,,, uint32 version, address[] memory validators, uint96[] memory weights) = datanets.datanetOf(id);
        same(of_, host, "host");
        same(version, 0, "version");
        same(validators[1], validator, "validator");
        same(weights[1], 3, "weight");
        (address[] memory again, uint96[] memory same_) = roster();
        vm.expectPartialRevert(DatanetRegistry.AlreadyExists.selector);
        vm.prank(host);
        datanets.create("rules", 1, again, same_);
    }

    function testRostersMustMakeSense() public {
        (address[] memory validators, uint96[] memory weights) = roster();
        weights[0] = 0;
        vm.expectPartialRevert(Rosters.BadRoster.selector);
        datanets.create("rules", 1, validators, weights);
        (validators, weights) = roster();
        validators[1] = validators[0];
        vm.expectPartialRevert(Rosters.BadRoster.selector);
        datanets.create("rules", 1, validators, weights);
        vm.expectPartialRevert(Rosters.BadRoster.selector);
        datanets.create("rules", 1, new address[](0), new uint96[](0));
        vm.expectPartialRevert(Rosters.BadRoster.selector);
        datanets.create("rules", 1, validators, new uint96[](1));
        vm.expectPartialRevert(Rosters.BadRoster.selector);
        datanets.create("rules", 1, new address[](101), new uint96[](101));
    }

    function testCommitmentsAreOrderedAsTheyCame(uint8 count) public {
        count = uint8(within(count, 1, 20));
        bytes32 datanet = newDatanet("rules");
        bytes32 other = newDatanet("other rules");
        for (uint256 i = 0; i < count; i++) {
            (bytes32 contribution, uint64 index) = committed(datanet, CONTRIBUTOR + i % 3, keccak256(abi.encode(i)));
            same(index, i + 1, "index");
            same(datanets.contributionOf(contribution).index, i + 1, "stored");
        }
        (, uint64 first) = committed(other, CONTRIBUTOR, keccak256(abi.encode(uint256(0))));
        same(first, 1, "a Datanet counts for itself");
    }

    function testACommitmentCountsOnceAndOnlyIfSigned() public {
        bytes32 datanet = newDatanet("rules");
        committed(datanet, CONTRIBUTOR, "c");
        Statements.Commitment memory c = committing(datanet, contributor, "c");
        bytes memory again = signed(CONTRIBUTOR, c.hash());
        vm.expectPartialRevert(DatanetRegistry.AlreadyCommitted.selector);
        datanets.commitFor(c, again);
        c.commitment = "d";
        bytes memory forged = signed(STRANGER, c.hash());
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        datanets.commitFor(c, forged);
        c.datanet = "nowhere";
        vm.expectPartialRevert(DatanetRegistry.UnknownDatanet.selector);
        datanets.commitFor(c, again);
    }

    function testACommitmentCountsUnderTheRulesItNamesAndInTime() public {
        bytes32 datanet = newDatanet("rules");
        staked(validator, MIN_STAKE);
        Statements.Commitment memory held = committing(datanet, contributor, "c");
        bytes memory signature = signed(CONTRIBUTOR, held.hash());
        vm.prank(host);
        bytes32 amendment = datanets.proposeRules(datanet, "{}");
        vm.prank(validator);
        datanets.speakOnRules(amendment, true);
        vm.expectPartialRevert(DatanetRegistry.OtherRules.selector);
        datanets.commitFor(held, signature); // kept back until others are in force
        Statements.Commitment memory late = committing(datanet, contributor, "c");
        signature = signed(CONTRIBUTOR, late.hash());
        vm.warp(late.deadline + 1);
        vm.expectPartialRevert(DatanetRegistry.CommitmentTooLate.selector);
        datanets.commitFor(late, signature);
        vm.warp(late.deadline);
        datanets.commitFor(late, signature);
    }

    function testVersionsAreTheHostsAndFollowOneAnother() public {
        bytes32 datanet = newDatanet("rules");
        Statements.Version memory v = Statements.Version(datanet, 2, "root", 1, "cid");
        bytes memory early = signed(HOST, v.hash());
        vm.expectPartialRevert(DatanetRegistry.VersionOutOfOrder.selector);
        datanets.anchorVersion(v, early);
        v.version = 1;
        bytes memory forged = signed(STRANGER, v.hash());
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        datanets.anchorVersion(v, forged);
        bytes memory good = signed(HOST, v.hash());
        v.cid = "another cid";
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        datanets.anchorVersion(v, good);
        v.cid = "cid";
        yes(!datanets.isAnchored(datanet, 1), "before");
        datanets.anchorVersion(v, good);
        yes(datanets.isAnchored(datanet, 1), "after");
        yes(!datanets.isAnchored(datanet, 0) && !datanets.isAnchored(datanet, 2), "no other after");
        same(datanets.versionOf(datanet, 1).root, "root", "root");
        vm.expectPartialRevert(DatanetRegistry.VersionOutOfOrder.selector);
        datanets.anchorVersion(v, good);
        vm.expectPartialRevert(DatanetRegistry.EmptyVersion.selector);
        datanets.anchorVersion(Statements.Version(datanet, 2, "root", 0, "cid"), good);
    }

    function vote(bytes32 contribution, bool accept, bytes32 outcome, bytes32 salt)
        private
        view
        returns (Statements.Vote memory v, bytes memory signature)
    {
        v = Statements.Vote(contribution, validator, accept, outcome, salt);
        signature = signed(VALIDATOR, v.hash());
    }

    function testADoubleVoteCostsTheStakeOnce() public {
        bytes32 datanet = newDatanet("rules");
        (bytes32 contribution,) = committed(datanet, CONTRIBUTOR, "c");
        staked(validator, 10 ether);
        (Statements.Vote memory a, bytes memory signA) = vote(contribution, true, "o", "salt");
        (Statements.Vote memory b, bytes memory signB) = vote(contribution, false, "o", "salt");
        vm.prank(challenger);
        same(datanets.reportDoubleVote(a, signA, b, signB), 10 ether, "slashed");
        same(token.balanceOf(challenger), 1 ether, "reporter");
        same(token.totalSupply(), SUPPLY - 9 ether, "burnt");
        staked(validator, 10 ether);
        vm.expectPartialRevert(DatanetRegistry.AlreadyPunished.selector);
        datanets.reportDoubleVote(b, signB, a, signA);
    }

    function testWhatIsNoDoubleVoteCostsNothing(bool accept, bytes32 outcome, bytes32 saltA, bytes32 saltB) public {
        bytes32 datanet = newDatanet("rules");
        (bytes32 contribution,) = committed(datanet, CONTRIBUTOR, "c");
        staked(validator, 10 ether);
        (Statements.Vote memory a, bytes memory signA) = vote(contribution, accept, outcome, saltA);
        (Statements.Vote memory b, bytes memory signB) = vote(contribution, accept, outcome, saltB);
        vm.expectPartialRevert(DatanetRegistry.NoDoubleVote.selector);
        datanets.reportDoubleVote(a, signA, b, signB);
        (b, signB) = vote("another", !accept, outcome, saltB);
        vm.expectPartialRevert(DatanetRegistry.NoDoubleVote.selector);
        datanets.reportDoubleVote(a, signA, b, signB);
        b.contribution = contribution; // signed for another
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        datanets.reportDoubleVote(a, signA, b, signB);
        same(registry.stakeOf(validator), 10 ether, "stake");
    }

    function testStrangersAndUnknownContributionsAreNotVotedOn() public {
        bytes32 datanet = newDatanet("rules");
        (bytes32 contribution,) = committed(datanet, CONTRIBUTOR, "c");
        Statements.Vote memory a = Statements.Vote(contribution, stranger, true, "o", "s");
        Statements.Vote memory b = Statements.Vote(contribution, stranger, false, "o", "s");
        bytes memory signA = signed(STRANGER, a.hash());
        bytes memory signB = signed(STRANGER, b.hash());
        vm.expectPartialRevert(DatanetRegistry.NotAValidator.selector);
        datanets.reportDoubleVote(a, signA, b, signB);
        (a.contribution, b.contribution) = ("x", "x");
        vm.expectPartialRevert(DatanetRegistry.UnknownContribution.selector);
        datanets.reportDoubleVote(a, signA, b, signB);
    }
}
