// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Juries} from "solidity/Juries.sol";
import {NodeRegistry} from "solidity/NodeRegistry.sol";
import {StatementReader} from "solidity/StatementReader.sol";
import {Statements} from "solidity/Statements.sol";
import {Network} from "./Network.sol";

/// @dev A decision that is challenged, and who would like to win it without being right.
contract JuriesTest is Network {
    using Statements for Statements.Commitment;
    using Statements for Statements.Vote;

    bytes32 private constant GOOD = keccak256("good");
    uint256 private constant JUROR = 0xD000;
    uint256 private constant SEATS = 8;

    bytes32 private datanet;
    bytes32 private contribution;
    uint256 private drawFrom;
    address[] private candidates;

    function setUp() public override {
        super.setUp();
        datanet = newDatanet("rules"); // the host has one of four, the validator three
        (contribution,) = committed(CONTRIBUTOR, committing(datanet, contributor, "c"));
        for (uint256 i = 0; i < SEATS; i++) seated(JUROR + i);
        fund(challenger, 10 * BOND, address(juries));
        fund(contributor, 10 * BOND, address(juries));
    }

    function seated(uint256 key) private {
        staked(vm.addr(key), MIN_STAKE);
        vm.prank(vm.addr(key));
        juries.join();
    }

    function vote(uint256 key, bool accept, bytes32 outcome) private view returns (Statements.Vote memory) {
        return Statements.Vote(contribution, vm.addr(key), accept, outcome, "salt");
    }

    function ballot(uint256 key, bool accept, bytes32 outcome) private view returns (Juries.Ballot memory) {
        bytes memory signature = signed(key, vote(key, accept, outcome).hash());
        return Juries.Ballot(vm.addr(key), accept, outcome, "salt", signature);
    }

    /// @dev The validator alone, who has three of four.
    function ballots(bool accept, bytes32 outcome) private view returns (Juries.Ballot[] memory all) {
        all = new Juries.Ballot[](1);
        all[0] = ballot(VALIDATOR, accept, outcome);
    }

    function challengedBy(address who) private {
        Juries.Ballot[] memory all = ballots(false, "bad");
        (candidates,) = juries.candidatesOf(contribution, who);
        drawFrom = block.number + DRAW_BLOCKS;
        vm.prank(who);
        juries.challenge(contribution, false, "bad", all, "these rows are good");
    }

    function drawn() private {
        challengedBy(challenger);
        vm.roll(drawFrom + 1);
        juries.draw(contribution, candidates);
    }

    function keyOf(address juror) private pure returns (uint256) {
        for (uint256 i = 0; i < SEATS; i++) if (vm.addr(JUROR + i) == juror) return JUROR + i;
        revert NotTrue("a juror");
    }

    function jury() private view returns (address[] memory) {
        return juries.trialOf(contribution).jury;
    }

    function commits(address juror, bool accept, bytes32 outcome) private {
        bytes32 said = digestOf(vote(keyOf(juror), accept, outcome).hash());
        vm.prank(juror);
        juries.commit(contribution, said);
    }

    function shows(address juror, bool accept, bytes32 outcome) private {
        (Statements.Vote memory said, bytes memory signature) = signedVote(juror, accept, outcome);
        juries.reveal(said, signature);
    }

    function signedVote(address juror, bool accept, bytes32 outcome)
        private
        view
        returns (Statements.Vote memory said, bytes memory signature)
    {
        said = vote(keyOf(juror), accept, outcome);
        signature = signed(keyOf(juror), said.hash());
    }

    /// @dev Refused with such an error.
    function refusedToCommit(address juror, bool accept, bytes32 outcome, bytes4 with) private {
        bytes32 said = digestOf(vote(keyOf(juror), accept, outcome).hash());
        vm.expectPartialRevert(with);
        vm.prank(juror);
        juries.commit(contribution, said);
    }

    function refusedToShow(address juror, bool accept, bytes32 outcome, bytes4 with) private {
        (Statements.Vote memory said, bytes memory signature) = signedVote(juror, accept, outcome);
        vm.expectPartialRevert(with);
        juries.reveal(said, signature);
    }

    /// @dev So many accept, the others reject.
    function votes(uint256 accepting) private {
        address[] memory all = jury();
        for (uint256 i = 0; i < all.length; i++) commits(all[i], i < accepting, i < accepting ? GOOD : bytes32("bad"));
        for (uint256 i = 0; i < all.length; i++) shows(all[i], i < accepting, i < accepting ? GOOD : bytes32("bad"));
    }

    function testAnOverturnedDecisionGivesTheDepositBack() public {
        uint256 before = token.balanceOf(challenger);
        drawn();
        same(jury().length, 5, "twice the roster and one");
        same(token.balanceOf(challenger), before - BOND, "paid");
        votes(4);
        juries.close(contribution);
        Juries.Trial memory trial = juries.trialOf(contribution);
        yes(trial.decided == Juries.Decided.Accepted && trial.verdict == GOOD, "accepted");
        same(token.balanceOf(challenger), before, "the deposit is back");
        vm.expectPartialRevert(Juries.NotChallenged.selector);
        juries.close(contribution);
        Juries.Ballot[] memory all = ballots(false, "bad");
        vm.expectPartialRevert(Juries.AlreadyChallenged.selector);
        juries.challenge(contribution, false, "bad", all, "again");
    }

    function testAConfirmedOneBurnsIt() public {
        uint256 supply = token.totalSupply();
        drawn();
        votes(1);
        juries.close(contribution);
        yes(juries.trialOf(contribution).decided == Juries.Decided.Rejected, "rejected");
        same(token.totalSupply(), supply - BOND, "burnt");
        same(token.balanceOf(address(juries)), 0, "nothing stays");
    }

    function testTwoThirdsAreNotEnough() public {
        drawn();
        votes(3); // of five
        juries.close(contribution);
        yes(juries.trialOf(contribution).decided == Juries.Decided.Nothing, "the first decision stands");
    }

    function testAnOutcomeThatFewerFoundIsNone() public {
        drawn();
        address[] memory all = jury();
        for (uint256 i = 0; i < 5; i++) commits(all[i], true, i < 3 ? GOOD : keccak256("other"));
        for (uint256 i = 0; i < 5; i++) shows(all[i], true, i < 3 ? GOOD : keccak256("other"));
        juries.close(contribution);
        yes(juries.trialOf(contribution).decided == Juries.Decided.Nothing, "three of five is no quorum");
    }

    function testWhoIsAbsentPaysAndTheDepositComesBackIfTheJuryDidNotCome() public {
        uint256 before = token.balanceOf(challenger);
        drawn();
        address[] memory all = jury();
        for (uint256 i = 0; i < 3; i++) commits(all[i], true, GOOD);
        refusedToShow(all[0], true, GOOD, Juries.CommitOpen.selector);
        vm.warp(block.timestamp + COMMIT);
        for (uint256 i = 0; i < 2; i++) shows(all[i], true, GOOD);
        vm.expectPartialRevert(Juries.RevealOpen.selector);
        juries.close(contribution);
        vm.warp(block.timestamp + REVEAL);
        refusedToShow(all[2], true, GOOD, Juries.RevealOver.selector);
        juries.close(contribution);
        same(token.balanceOf(challenger), before, "a jury that did not come costs its challenger nothing");
        vm.expectPartialRevert(Juries.NotAbsent.selector);
        juries.penaliseAbsent(contribution, all[0]);
        for (uint256 i = 2; i < 5; i++) {
            // Stake that is on its way out pays as well.
            if (i == 3) {
                vm.prank(all[i]);
                juries.giveUp();
                vm.prank(all[i]);
                registry.requestUnbond(MIN_STAKE);
            }
            juries.penaliseAbsent(contribution, all[i]);
            (uint256 unbonding,) = registry.unbondingOf(all[i]);
            same(registry.stakeOf(all[i]) + unbonding, MIN_STAKE - MIN_STAKE / 10, "a tenth");
            same(juries.seatOf(all[i]), 0, "its seat");
            same(registry.lockedOf(all[i]), 0, "nothing is locked for it any more");
            vm.expectPartialRevert(Juries.NotAbsent.selector);
            juries.penaliseAbsent(contribution, all[i]);
        }
    }

    function testOnlyWhatTheRosterDecidedIsChallenged() public {
        Juries.Ballot[] memory weak = new Juries.Ballot[](1);
        weak[0] = ballot(HOST, false, "bad"); // one of four rejects nothing
        vm.expectPartialRevert(Juries.NotTheDecision.selector);
        juries.challenge(contribution, false, "bad", weak, "");
        Juries.Ballot[] memory twice = new Juries.Ballot[](2);
        twice[0] = twice[1] = ballot(VALIDATOR, false, "bad");
        vm.expectPartialRevert(Juries.NotTheDecision.selector);
        juries.challenge(contribution, false, "bad", twice, "");
        Juries.Ballot[] memory other = ballots(true, GOOD);
        vm.expectPartialRevert(Juries.NotTheDecision.selector);
        juries.challenge(contribution, false, "bad", other, "");
        other[0].signature = signed(STRANGER, vote(VALIDATOR, true, GOOD).hash());
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        juries.challenge(contribution, true, GOOD, other, "");
        vm.warp(block.timestamp + 30 days + 1);
        other = ballots(false, "bad");
        vm.expectPartialRevert(Juries.WindowOver.selector);
        juries.challenge(contribution, false, "bad", other, "");
    }

    function testAnAbstentionStandsInAnAcceptance() public {
        bytes memory text = abi.encodePacked('{"abstains":true,"contribution":"', hex32(contribution), '"}');
        bytes32 abstention = keccak256(text);
        Juries.Ballot[] memory both = new Juries.Ballot[](2);
        (both[0], both[1]) = (ballot(HOST, false, abstention), ballot(VALIDATOR, true, GOOD));
        if (vm.addr(HOST) > vm.addr(VALIDATOR)) (both[0], both[1]) = (both[1], both[0]);
        vm.prank(challenger);
        juries.challenge(contribution, true, GOOD, both, "it repeats others");
        yes(juries.trialOf(contribution).accepted, "challenged");
    }

    function testWithTooFewNobodyPays() public {
        for (uint256 i = 0; i < 4; i++) {
            vm.prank(vm.addr(JUROR + i));
            juries.giveUp();
        }
        uint256 before = token.balanceOf(challenger);
        Juries.Ballot[] memory all = ballots(false, "bad");
        vm.expectPartialRevert(Juries.TooFewJurors.selector);
        vm.prank(challenger);
        juries.challenge(contribution, false, "bad", all, "");
        same(token.balanceOf(challenger), before, "nothing moved");
    }

    function testASeatLocksTheLeastStake() public {
        vm.expectPartialRevert(NodeRegistry.NotEnoughStake.selector);
        vm.prank(stranger);
        juries.join();
        address one = vm.addr(JUROR);
        vm.expectPartialRevert(Juries.AlreadySeated.selector);
        vm.prank(one);
        juries.join();
        vm.expectPartialRevert(NodeRegistry.NotEnoughStake.selector);
        vm.prank(one);
        registry.requestUnbond(1);
        vm.prank(one);
        juries.giveUp();
        vm.expectPartialRevert(Juries.NotSeated.selector);
        vm.prank(one);
        juries.giveUp();
        vm.prank(one);
        registry.requestUnbond(MIN_STAKE);
        same(juries.jurors().length, SEATS - 1, "the others");
        for (uint256 i = 0; i < SEATS - 1; i++) same(juries.seatOf(juries.jurors()[i]), i + 1, "each in its place");
    }

    // The thief's view

    function testTheAuthorMayChallengeAndNeverSits() public {
        staked(contributor, MIN_STAKE);
        vm.prank(contributor);
        juries.join();
        seatedAs(HOST);
        seatedAs(VALIDATOR);
        seatedAs(CHALLENGER);
        challengedBy(contributor);
        same(candidates.length, SEATS + 1, "jurors, and who challenges nothing here");
        for (uint256 i = 0; i < candidates.length; i++) {
            address one = candidates[i];
            yes(one != contributor && one != host && one != validator, "has no part in it");
        }
    }

    function seatedAs(uint256 key) private {
        staked(vm.addr(key), MIN_STAKE);
        vm.prank(vm.addr(key));
        juries.join();
    }

    function testNobodyMovesTheDrawOnceItsBlockIsKnown() public {
        challengedBy(challenger);
        vm.expectPartialRevert(Juries.NoDrawNow.selector);
        juries.draw(contribution, candidates);
        vm.roll(drawFrom + 1);
        // Seats that are taken and left now, and other lists, change nothing.
        seatedAs(STRANGER);
        vm.prank(vm.addr(JUROR));
        juries.giveUp();
        vm.prank(vm.addr(JUROR));
        registry.requestUnbond(MIN_STAKE);
        address[] memory others = new address[](candidates.length);
        for (uint256 i = 0; i < others.length; i++) others[i] = candidates[others.length - 1 - i];
        vm.expectPartialRevert(Juries.OtherCandidates.selector);
        juries.draw(contribution, others);
        bytes32 seed = keccak256(abi.encode(blockhash(drawFrom), contribution));
        address[] memory due = candidates;
        for (uint256 i = 0; i < 5; i++) {
            uint256 pick = i + uint256(keccak256(abi.encode(seed, i))) % (due.length - i);
            (due[i], due[pick]) = (due[pick], due[i]);
        }
        juries.draw(contribution, candidates);
        for (uint256 i = 0; i < 5; i++) same(jury()[i], due[i], "as it was due");
        vm.expectPartialRevert(Juries.AlreadyDrawn.selector);
        juries.draw(contribution, candidates);
    }

    function testAnotherDrawCostsTheDeposit() public {
        uint256 supply = token.totalSupply();
        challengedBy(challenger);
        vm.roll(drawFrom + 256);
        vm.expectPartialRevert(Juries.NoDrawNow.selector);
        juries.lapse(contribution);
        vm.roll(drawFrom + 257);
        vm.expectPartialRevert(Juries.NoDrawNow.selector);
        juries.draw(contribution, candidates);
        juries.lapse(contribution);
        same(token.totalSupply(), supply - BOND, "burnt");
        challengedBy(challenger);
    }

    function testAJurorSitsOnceAndVotesOnce() public {
        drawn();
        address[] memory all = jury();
        for (uint256 i = 0; i < all.length; i++) {
            for (uint256 j = 0; j < i; j++) yes(all[i] != all[j], "nobody sits twice");
        }
        commits(all[0], true, GOOD);
        refusedToCommit(all[0], false, "bad", Juries.AlreadyCommitted.selector);
        vm.expectPartialRevert(Juries.NotAJuror.selector);
        vm.prank(stranger);
        juries.commit(contribution, "x");
        vm.warp(block.timestamp + COMMIT);
        refusedToCommit(all[1], true, GOOD, Juries.CommitOver.selector);
        refusedToShow(all[0], false, "bad", Juries.NotWhatWasCommitted.selector);
        refusedToShow(all[1], true, GOOD, Juries.NotWhatWasCommitted.selector);
        shows(all[0], true, GOOD);
        refusedToShow(all[0], true, GOOD, Juries.NotWhatWasCommitted.selector);
    }

    function testAnAcceptanceThatAJuryMakesOtherRowsOfIsOverturned() public {
        uint256 before = token.balanceOf(challenger);
        Juries.Ballot[] memory all = ballots(true, keccak256("too many"));
        (candidates,) = juries.candidatesOf(contribution, challenger);
        drawFrom = block.number + DRAW_BLOCKS;
        vm.prank(challenger);
        juries.challenge(contribution, true, keccak256("too many"), all, "");
        vm.roll(drawFrom + 1);
        juries.draw(contribution, candidates);
        votes(5);
        juries.close(contribution);
        same(token.balanceOf(challenger), before, "other rows are another outcome");
    }

    function hex32(bytes32 value) private pure returns (bytes memory text) {
        bytes16 digits = "0123456789abcdef";
        text = new bytes(66);
        (text[0], text[1]) = ("0", "x");
        for (uint256 i = 0; i < 32; i++) {
            text[2 + 2 * i] = digits[uint8(value[i]) >> 4];
            text[3 + 2 * i] = digits[uint8(value[i]) & 15];
        }
    }
}
