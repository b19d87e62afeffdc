// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {TrainingAudits} from "solidity/TrainingAudits.sol";
import {Audited} from "./Audited.sol";

/// @dev What a word says beside what was run, and what is left of one that the roster strikes.
contract StruckWordsTest is Audited {
    function testWhatIsWithheldFromWhoRanTheRestCountsAgainstItAndTheRestIsPaid() public {
        address[] memory panel = seats(9);
        for (uint256 i = 0; i < 9; i++) {
            if (i < 3) say(panel[i], TrainingAudits.Word.Agrees, 1, 2);
            else say(panel[i], TrainingAudits.Word.Nothing, 0);
        }
        uint256 supply = token.totalSupply();
        audits.close(audit);
        same(audits.auditOf(audit).refused ? 1 : 0, 1, "a third of the panel was not given a segment");
        same(supply - token.totalSupply(), bond, "the bond is burnt");
        for (uint256 i = 0; i < 3; i++) same(token.balanceOf(panel[i]), fee, "what it ran is paid");
        same(token.balanceOf(builder), 5 * whole - bond - 3 * fee, "the rest");
        // The roster finds that one of them was given it: its run stands, and the refusal falls.
        staked(validator, MIN_STAKE);
        staked(host, MIN_STAKE);
        convict(panel[0], false);
        TrainingAudits.Said memory said = audits.wordOf(audit, 1, panel[0]);
        same(said.struck ? 1 : 0, 0, "its run counts");
        same(said.unheard ? 1 : 0, 1, "what it lacked does not");
        same(audits.auditOf(audit).refused ? 1 : 0, 0, "two of nine are no third");
        same(registry.stakeOf(panel[0]), MIN_STAKE, "no stake");
        same(registry.seatOf(pool, panel[0]), 0, "its seat");
    }

    function testAStruckLackBeforeTheCloseIsPaidForWhatWasRun() public {
        address[] memory panel = seats(3);
        say(panel[0], TrainingAudits.Word.Agrees, 1, 2);
        say(panel[1], TrainingAudits.Word.Agrees, 2);
        say(panel[2], TrainingAudits.Word.Nothing, 0);
        staked(validator, MIN_STAKE);
        staked(host, MIN_STAKE);
        convict(panel[0], false);
        same(audits.auditOf(audit).against, 0, "nobody is against it");
        convict(panel[1], true);
        audits.close(audit);
        same(token.balanceOf(panel[0]), fee, "its run is paid");
        same(token.balanceOf(panel[1]), 0, "what is struck whole is not");
        same(token.balanceOf(builder), 5 * whole - fee, "the bond is back");
    }

    function testAWordOfARoundBeforeIsStruckAndSaysWhen() public {
        address one = spokenInTheRoundBefore();
        vm.expectEmit();
        emit TrainingAudits.WordStruck(audit, one, 1, true, uint64(block.timestamp));
        vm.prank(validator);
        audits.blame(audit, 1, one, true);
        same(audits.wordOf(audit, 1, one).struck ? 1 : 0, 1, "struck");
        same(audits.auditOf(audit).against, 0, "the round that is open has its own words");
    }
}
