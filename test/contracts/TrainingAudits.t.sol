// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Blame} from "solidity/Blame.sol";
import {TrainingAudits} from "solidity/TrainingAudits.sol";
import {Network} from "./Network.sol";

/// @dev Who audits a training, what they may say and when, and what it costs whom.
contract TrainingAuditsTest is Network {
    bytes32 private pool;
    bytes32 private model;
    bytes32 private audit;
    uint256 private bond;

    function setUp() public override {
        super.setUp();
        pool = newDatanet("rules");
        anchorNext(pool, 1);
        model = newModel(pool, 5000, 2000, 3000);
        audit = audits.idOf(builder, keccak256("job"));
        bond = audits.bond();
        fund(builder, 5 * bond, address(audits));
    }

    function seat(uint256 i) private returns (address one) {
        one = vm.addr(0xE000 + i);
        staked(one, MIN_STAKE);
        vm.prank(one);
        registry.join(pool);
    }

    function open() private {
        vm.prank(builder);
        audits.open(model);
    }

    function chance() private {
        vm.roll(block.number + DRAW_BLOCKS + 1);
        audits.draw(audit);
    }

    function say(address who, bool agrees) private {
        vm.prank(who);
        audits.say(audit, 1, agrees, "subject");
    }

    function testABuilderOpensItsOwnJobOnceAndPaysABond() public {
        vm.expectPartialRevert(TrainingAudits.NotTheBuilder.selector);
        audits.open(model);
        open();
        same(token.balanceOf(address(audits)), bond, "the bond");
        vm.expectPartialRevert(TrainingAudits.AlreadyOpen.selector);
        open();
        vm.startPrank(builder);
        bytes32 again = models.register(registration(pool, 5000, 2500, 2500));
        vm.expectPartialRevert(TrainingAudits.AlreadyOpen.selector);
        audits.open(model);
        vm.expectPartialRevert(TrainingAudits.NothingToAudit.selector);
        audits.open(again);
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
        same(token.balanceOf(builder), 5 * bond, "back");
        audits.open(model);
        vm.stopPrank();
        // Who comes once the block's hash is known is not drawn, but by the next one, for the same bond.
        vm.roll(block.number + DRAW_BLOCKS + 1);
        seat(1);
        vm.expectPartialRevert(TrainingAudits.NoSeats.selector);
        audits.draw(audit);
        open();
        same(token.balanceOf(builder), 4 * bond, "one bond");
        chance();
        vm.expectPartialRevert(TrainingAudits.AlreadyDrawn.selector);
        audits.draw(audit);
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
        same(token.balanceOf(builder), 4 * bond, "one bond");
        seat(20);
        chance();
        same(audits.auditOf(audit).panel.length, 1, "drawn");
    }

    function testWhoSpokeFalselyIsBlamedThoughAnotherRoundIsOpen() public {
        address one = seat(1);
        seat(2);
        open();
        chance();
        say(one, true);
        vm.warp(block.timestamp + AUDIT);
        audits.close(audit);
        open();
        staked(validator, MIN_STAKE);
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
        audits.say(audit, 2, true, "subject");
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
        same(token.balanceOf(builder), 5 * bond, "the bond is back");
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
        same(token.balanceOf(address(audits)), bond, "one bond");
        vm.roll(block.number + DRAW_BLOCKS + 257);
        open();
        same(token.balanceOf(address(audits)), bond, "a new bond, the old one is burnt");
        same(token.balanceOf(builder), 3 * bond, "two were paid");
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

    function convict(address auditor, bool costs) private {
        vm.prank(host);
        audits.blame(audit, 1, auditor, costs);
        vm.prank(validator);
        audits.blame(audit, 1, auditor, costs);
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
        same(token.balanceOf(builder), 5 * bond, "the bond is back");
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
}
