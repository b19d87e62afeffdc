// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Blame} from "solidity/Blame.sol";
import {TrainingAudits} from "solidity/TrainingAudits.sol";
import {Audited} from "./Audited.sol";

/// @dev Who audits a training, what they may say and when, and what it costs whom.
contract TrainingAuditsTest is Audited {
    function testABuilderOpensItsOwnJobOnceAndPaysABond() public {
        vm.expectPartialRevert(TrainingAudits.NotTheBuilder.selector);
        audits.open(model, SEGMENTS, fee);
        open();
        same(token.balanceOf(address(audits)), whole, "the bond and the fees");
        vm.expectPartialRevert(TrainingAudits.AlreadyOpen.selector);
        open();
        vm.startPrank(builder);
        bytes32 again = models.register(registration(pool, 5000, 2500, 2500));
        vm.expectPartialRevert(TrainingAudits.AlreadyOpen.selector);
        audits.open(model, SEGMENTS, fee);
        vm.expectPartialRevert(TrainingAudits.NothingToAudit.selector);
        audits.open(again, SEGMENTS, fee);
        vm.stopPrank();
    }

    function testNobodyIsDrawnWhereNobodySits() public {
        open();
        vm.expectPartialRevert(TrainingAudits.NoDrawNow.selector);
        audits.draw(audit);
        vm.roll(block.number + DRAW_BLOCKS + 1);
        vm.expectPartialRevert(TrainingAudits.NoSeats.selector);
        audits.draw(audit);
        vm.expectPartialRevert(TrainingAudits.NoSeats.selector);
        open();
        vm.startPrank(builder);
        audits.close(audit); // it waits for nobody, and has its bond back
        same(token.balanceOf(builder), 5 * whole, "back");
        audits.open(model, SEGMENTS, fee);
        vm.stopPrank();
        // Who comes once the block's hash is known is not drawn, but by the next one, for the same bond.
        vm.roll(block.number + DRAW_BLOCKS + 1);
        seat(1);
        vm.expectPartialRevert(TrainingAudits.NoSeats.selector);
        audits.draw(audit);
        open();
        same(token.balanceOf(builder), 4 * whole, "one bond");
        chance();
        vm.expectPartialRevert(TrainingAudits.AlreadyDrawn.selector);
        audits.draw(audit);
    }

    function testWhoSitsDownBeforeTheBlockThatDrawsIsDrawn() public {
        seat(1);
        open();
        vm.roll(block.number + DRAW_BLOCKS - 1);
        for (uint256 i = 2; i < 4; i++) seat(i);
        vm.roll(block.number + 2);
        address late = seat(4);
        audits.draw(audit);
        address[] memory panel = audits.auditOf(audit).panel;
        same(panel.length, 3, "who sat alone before is not the whole panel");
        for (uint256 i = 0; i < 3; i++) yes(panel[i] != late, "who may have known the hash is not in it");
    }

    function testRoundsThatNobodyWasThereForAreNotCounted() public {
        open();
        for (uint256 i = 0; i < 10; i++) {
            vm.roll(block.number + DRAW_BLOCKS + 1);
            address one = seat(i);
            open();
            vm.prank(one);
            registry.giveUp(pool);
        }
        same(token.balanceOf(builder), 4 * whole, "one bond");
        seat(20);
        chance();
        same(audits.auditOf(audit).panel.length, 1, "drawn");
    }

    function testWhoSpokeFalselyIsBlamedThoughAnotherRoundIsOpen() public {
        address one = spokenInTheRoundBefore();
        vm.prank(validator);
        audits.blame(audit, 1, one, true);
        same(registry.stakeOf(one), MIN_STAKE - bond, "a tenth");
        vm.expectPartialRevert(Blame.AlreadyBlamed.selector);
        vm.prank(validator);
        audits.blame(audit, 1, one, true);
        vm.expectPartialRevert(TrainingAudits.NotOnThePanel.selector);
        vm.prank(validator);
        audits.blame(audit, 2, one, true);
        vm.warp(block.timestamp + 2 * AUDIT);
        address two = vm.addr(0xE002);
        vm.expectPartialRevert(TrainingAudits.AuditOver.selector);
        vm.prank(validator);
        audits.blame(audit, 1, two, true);
    }

    function testEachOfThePanelSpeaksOnceInTime() public {
        address one = seat(1);
        seat(2);
        open();
        vm.expectPartialRevert(TrainingAudits.NotOnThePanel.selector);
        say(one, true);
        chance();
        vm.expectPartialRevert(TrainingAudits.NotOnThePanel.selector);
        say(stranger, true);
        vm.expectPartialRevert(TrainingAudits.AnotherRound.selector);
        vm.prank(one);
        audits.say(audit, keccak256("of a block that was replaced"), TrainingAudits.Word.Agrees, "subject", 1, 0);
        say(one, true);
        vm.expectPartialRevert(TrainingAudits.AlreadySaid.selector);
        say(one, false);
        vm.expectPartialRevert(TrainingAudits.AuditStillOpen.selector);
        audits.close(audit);
        vm.warp(block.timestamp + AUDIT);
        address[] memory panel = audits.auditOf(audit).panel;
        address two = panel[0] == one ? panel[1] : panel[0];
        vm.expectPartialRevert(TrainingAudits.AuditOver.selector);
        say(two, true);
        audits.close(audit);
        same(token.balanceOf(builder), 5 * whole - fee, "the bond is back");
        open(); // another round, with another draw
        same(audits.auditOf(audit).number, 2, "its number");
    }

    function testAThirdAgainstItBurnsTheBondForGood() public {
        (address one, address two, address three) = (seat(1), seat(2), seat(3));
        open();
        chance();
        say(one, true);
        say(two, true);
        say(three, false);
        uint256 supply = token.totalSupply();
        audits.close(audit);
        same(token.totalSupply(), supply - bond, "burnt");
        vm.expectPartialRevert(TrainingAudits.AlreadyRefused.selector);
        open();
    }

    function testAnUndrawnAuditIsOpenedAnewForABondWhereSomebodyCouldDraw() public {
        open();
        vm.roll(block.number + DRAW_BLOCKS + 257);
        seat(1);
        open(); // nobody sat: the same bond
        same(token.balanceOf(address(audits)), whole, "one bond");
        vm.roll(block.number + DRAW_BLOCKS + 257);
        open();
        same(token.balanceOf(address(audits)), whole, "a new bond, the old one is burnt");
        same(token.balanceOf(builder), 4 * whole - bond, "two bonds were paid");
    }

    function testARosterTakesATenthAndTheSeatOfWhoSpokeFalsely() public {
        address one = seat(1);
        staked(validator, MIN_STAKE);
        open();
        chance();
        say(one, true);
        vm.expectPartialRevert(Blame.NotAValidator.selector);
        vm.prank(stranger);
        audits.blame(audit, 1, one, true);
        staked(host, MIN_STAKE);
        vm.prank(host);
        audits.blame(audit, 1, one, true);
        vm.expectPartialRevert(Blame.AlreadyBlamed.selector);
        vm.prank(host);
        audits.blame(audit, 1, one, true);
        same(registry.stakeOf(one), MIN_STAKE, "a quarter of the weight is not enough");
        vm.prank(validator);
        audits.blame(audit, 1, one, true);
        same(registry.stakeOf(one), MIN_STAKE - bond, "a tenth");
        same(registry.seatOf(pool, one), 0, "and its seat");
    }

    function testAFalseRefusalIsStruckAndTheAuditOpenedAgain() public {
        (address one,,) = (seat(1), seat(2), seat(3));
        staked(validator, MIN_STAKE);
        staked(host, MIN_STAKE);
        open();
        chance();
        say(one, false);
        vm.warp(block.timestamp + AUDIT);
        audits.close(audit);
        same(audits.auditOf(audit).refused ? 1 : 0, 1, "one of three is a third");
        convict(one, true);
        same(audits.auditOf(audit).refused ? 1 : 0, 0, "its word is struck");
        same(registry.stakeOf(one), MIN_STAKE - bond, "a tenth");
        open();
        same(audits.auditOf(audit).number, 2, "another round");
    }

    function testAWordThatIsStruckBeforeTheCloseRefusesNothing() public {
        (address one,,) = (seat(1), seat(2), seat(3));
        staked(validator, MIN_STAKE);
        staked(host, MIN_STAKE);
        open();
        chance();
        say(one, false);
        convict(one, false);
        same(registry.stakeOf(one), MIN_STAKE, "who was given nothing loses no stake");
        same(registry.seatOf(pool, one), 0, "but its seat");
        convict(one, true);
        vm.warp(block.timestamp + AUDIT);
        audits.close(audit);
        same(audits.auditOf(audit).refused ? 1 : 0, 0, "nobody is against it");
        same(token.balanceOf(builder), 5 * whole, "the bond is back");
    }

    function testOneOfFourAgainstItIsNoThirdOfThePanel() public {
        address one = seat(1);
        for (uint256 i = 2; i < 5; i++) {
            seat(i);
        }
        open();
        chance();
        say(one, false);
        vm.warp(block.timestamp + AUDIT);
        audits.close(audit);
        same(audits.auditOf(audit).refused ? 1 : 0, 0, "too few spoke: it lapses");
        open();
    }

    // Who is paid, and what silence and words against it cost

    function testWhoRanSomethingIsPaidForItAndTheRestGoesBack() public {
        address[] memory panel = seats(5);
        say(panel[0], TrainingAudits.Word.Agrees, 3);
        say(panel[1], TrainingAudits.Word.Differs, 5);
        say(panel[2], TrainingAudits.Word.Nothing, 0);
        vm.prank(panel[0]);
        registry.setPayout(stranger);
        say(panel[3], TrainingAudits.Word.Agrees, 15);
        say(panel[4], TrainingAudits.Word.Nothing, 0);
        audits.close(audit); // all have spoken
        same(token.balanceOf(stranger), 2 * fee, "two runs, where its earnings go");
        same(token.balanceOf(panel[1]), 2 * fee, "who found it wrong worked as much");
        same(token.balanceOf(panel[3]), 4 * fee, "four runs");
        same(token.balanceOf(panel[2]) + token.balanceOf(panel[4]), 0, "who ran nothing");
        same(token.balanceOf(builder), 5 * whole - 8 * fee - bond / 5, "the rest, but the part of a word against it");
        same(token.balanceOf(address(audits)), 0, "nothing is left");
    }

    function testNobodyTakesThePlaceOfWhoWasDrawnForASegment() public {
        address[] memory panel = seats(9);
        bytes32 seed = audits.auditOf(audit).seed;
        for (uint256 i = 0; i < 9; i++) say(panel[i], TrainingAudits.Word.Agrees, 2);
        uint256[] memory pay = audits.payOf(audit);
        uint256 paid = 0;
        for (uint256 i = 0; i < 9; i++) {
            uint256 before = 0;
            for (uint256 j = 0; j < 9; j++) {
                if (lotOf(seed, 1, panel[j]) < lotOf(seed, 1, panel[i])) before++;
            }
            same(pay[i], before < 3 ? fee : 0, "the three whom chance draws first");
            paid += pay[i];
        }
        same(paid, 3 * fee, "three runs");
        // A word that the roster strikes is paid nothing, and makes room for the next.
        staked(validator, MIN_STAKE);
        staked(host, MIN_STAKE);
        for (uint256 i = 0; i < 9; i++) {
            if (pay[i] == 0) continue;
            convict(panel[i], true);
            same(audits.payOf(audit)[i], 0, "struck");
            break;
        }
        audits.close(audit);
        same(token.balanceOf(builder), 5 * whole - 3 * fee, "the rest");
    }

    function lotOf(bytes32 seed, uint32 at, address auditor) private pure returns (uint256) {
        return uint256(keccak256(abi.encodePacked(seed, at, auditor)));
    }

    function testAWordSaysOfWhatItIs() public {
        address one = seats(1)[0];
        vm.expectPartialRevert(TrainingAudits.SegmentsOutOfRange.selector);
        say(one, TrainingAudits.Word.Agrees, 0);
        vm.expectPartialRevert(TrainingAudits.SegmentsOutOfRange.selector);
        say(one, TrainingAudits.Word.Nothing, 1);
        vm.expectPartialRevert(TrainingAudits.SegmentsOutOfRange.selector);
        say(one, TrainingAudits.Word.NotServed, 1);
        vm.expectPartialRevert(TrainingAudits.SegmentsOutOfRange.selector);
        say(one, TrainingAudits.Word.Nothing, 0, 1);
        vm.expectPartialRevert(TrainingAudits.SegmentsOutOfRange.selector);
        say(one, TrainingAudits.Word.Agrees, 3, 2);
        vm.expectPartialRevert(TrainingAudits.SegmentsOutOfRange.selector);
        say(one, TrainingAudits.Word.Agrees, 1, 16);
        vm.expectPartialRevert(TrainingAudits.SegmentsOutOfRange.selector);
        say(one, TrainingAudits.Word.Agrees, 0, 1);
        vm.expectPartialRevert(TrainingAudits.SegmentsOutOfRange.selector);
        say(one, TrainingAudits.Word.Agrees, 16);
        vm.expectPartialRevert(TrainingAudits.NoSuchWord.selector);
        say(one, TrainingAudits.Word.None, 0);
        vm.expectPartialRevert(TrainingAudits.NoSuchWord.selector);
        say(one, TrainingAudits.Word.Absent, 0);
        say(one, TrainingAudits.Word.Agrees, 15);
    }

    function testAnAuditIsOpenedWithWhatItsRunsCost() public {
        vm.startPrank(builder);
        vm.expectPartialRevert(TrainingAudits.SegmentsOutOfRange.selector);
        audits.open(model, 0, fee);
        vm.expectPartialRevert(TrainingAudits.SegmentsOutOfRange.selector);
        audits.open(model, 17, fee);
        vm.expectPartialRevert(TrainingAudits.FeeTooSmall.selector);
        audits.open(model, SEGMENTS, fee - 1);
        vm.expectPartialRevert(TrainingAudits.FeeTooLarge.selector);
        audits.open(model, SEGMENTS, bond / SEGMENTS + 1);
        audits.open(model, 2, 3 * fee);
        vm.stopPrank();
        same(token.balanceOf(address(audits)), bond + 2 * 3 * 3 * fee, "the bond and six runs");
    }

    function testWhoSaysNothingLosesATenthAndItsSeat() public {
        address[] memory panel = seats(2);
        say(panel[0], TrainingAudits.Word.Nothing, 0);
        vm.expectPartialRevert(TrainingAudits.AuditStillOpen.selector);
        audits.penaliseAbsent(audit, 1, panel[1]);
        vm.warp(block.timestamp + AUDIT);
        vm.expectPartialRevert(TrainingAudits.NotAbsent.selector);
        audits.penaliseAbsent(audit, 1, panel[0]);
        vm.expectPartialRevert(TrainingAudits.NotOnThePanel.selector);
        audits.penaliseAbsent(audit, 1, stranger);
        audits.close(audit);
        open(); // it answers for the round before, too
        vm.prank(challenger);
        audits.penaliseAbsent(audit, 1, panel[1]);
        same(registry.stakeOf(panel[1]), MIN_STAKE - bond, "a tenth");
        same(registry.seatOf(pool, panel[1]), 0, "and its seat");
        same(token.balanceOf(challenger), bond / 10, "the finder's part");
        vm.expectPartialRevert(TrainingAudits.NotAbsent.selector);
        audits.penaliseAbsent(audit, 1, panel[1]);
        same(registry.stakeOf(panel[0]), MIN_STAKE, "who has nothing to say says so");
    }

    function testAnAbsenceIsShownInTimeOrNotAtAll() public {
        address one = seats(1)[0];
        vm.warp(block.timestamp + 3 * AUDIT);
        vm.expectPartialRevert(TrainingAudits.AuditOver.selector);
        audits.penaliseAbsent(audit, 1, one);
    }

    function testWhatIsWithheldFromTwoOfNineCostsTheirPartOfTheBond() public {
        address[] memory panel = seats(9);
        for (uint256 i = 0; i < 9; i++) {
            if (i < 2) say(panel[i], TrainingAudits.Word.NotServed, 0);
            else say(panel[i], TrainingAudits.Word.Agrees, 8);
        }
        uint256 supply = token.totalSupply();
        audits.close(audit);
        same(supply - token.totalSupply(), bond * 2 / 9, "burnt");
        same(token.balanceOf(builder), 5 * whole - 3 * fee - bond * 2 / 9, "another draw is not free");
        same(audits.auditOf(audit).refused ? 1 : 0, 0, "below a third");
        for (uint256 i = 0; i < 9; i++) same(registry.stakeOf(panel[i]), MIN_STAKE, "nobody is slashed");
    }

    /// @dev Whatever is said: what was put in is paid, burnt or given back to the unit, no auditor is paid more than
    /// its runs, no segment more than three of them.
    function testFuzzEveryUnitIsSomewhere(uint256 seed, uint8 sits, uint16 segments, uint256 price) public {
        sits = uint8(within(sits, 1, 12));
        segments = uint16(within(segments, 1, 16));
        price = within(price, fee, bond / segments);
        for (uint256 i = 1; i <= sits; i++) seat(i);
        uint256 put = bond + uint256(3) * segments * price;
        token.transfer(builder, put);
        uint256 had = token.balanceOf(builder);
        vm.prank(builder);
        audits.open(model, segments, price);
        chance();
        address[] memory panel = audits.auditOf(audit).panel;
        uint256 against = 0;
        uint256[] memory runs = new uint256[](panel.length);
        for (uint256 i = 0; i < panel.length; i++) {
            seed = uint256(keccak256(abi.encode(seed)));
            TrainingAudits.Word word = TrainingAudits.Word(seed % 5);
            uint16 own = uint16((seed >> 8) % (uint256(1) << segments));
            if (word == TrainingAudits.Word.None || (own == 0 && uint256(word) < 3)) continue;
            if (uint256(word) >= 3) own = 0;
            uint16 missing = uint16((seed >> 32) % (uint256(1) << segments)) & ~own;
            if (word == TrainingAudits.Word.Nothing || (seed >> 64) % 2 == 0) missing = 0;
            bool differs = word == TrainingAudits.Word.Differs || word == TrainingAudits.Word.NotServed;
            if (differs || missing != 0) against++;
            runs[i] = own;
            say(panel[i], word, own, missing);
        }
        vm.warp(block.timestamp + AUDIT);
        uint256[] memory pay = audits.payOf(audit);
        uint256 supply = token.totalSupply();
        audits.close(audit);
        uint256 paid = 0;
        for (uint256 i = 0; i < panel.length; i++) {
            same(token.balanceOf(panel[i]), pay[i], "as it was told before");
            yes(pay[i] <= ones(runs[i]) * price, "more than its runs");
            paid += pay[i];
        }
        uint256 owed = 0;
        for (uint256 k = 0; k < segments; k++) {
            uint256 count = 0;
            for (uint256 i = 0; i < panel.length; i++) count += (runs[i] >> k) & 1;
            owed += (count < 3 ? count : 3) * price;
        }
        same(paid, owed, "three runs of a segment at most, and all below that");
        uint256 burnt = against * 3 >= panel.length && against > 0 ? bond : bond * against / panel.length;
        same(supply - token.totalSupply(), burnt, "burnt");
        same(token.balanceOf(builder), had - paid - burnt, "the rest is its builder's");
        same(token.balanceOf(address(audits)), 0, "nothing is left");
    }

    function ones(uint256 bits) private pure returns (uint256 count) {
        for (; bits != 0; bits >>= 1) count += bits & 1;
    }
}
