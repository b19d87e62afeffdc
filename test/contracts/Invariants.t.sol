// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Handler} from "./Handler.sol";
import {Tester} from "./Tester.sol";

/// @dev What holds after any sequence of calls: no token is made or lost, every contract holds exactly what it owes,
/// nobody is paid more than a leaf or a deposit allows.
contract InvariantsTest is Tester {
    Handler private handler;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        handler = new Handler();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](33);
        selectors[0] = Handler.pass.selector;
        selectors[1] = Handler.stake.selector;
        selectors[2] = Handler.unbond.selector;
        selectors[3] = Handler.withdraw.selector;
        selectors[4] = Handler.setPayout.selector;
        selectors[5] = Handler.voteTwice.selector;
        selectors[6] = Handler.award.selector;
        selectors[7] = Handler.releaseSome.selector;
        selectors[8] = Handler.refund.selector;
        selectors[9] = Handler.open.selector;
        selectors[10] = Handler.topUp.selector;
        selectors[11] = Handler.claimVoucher.selector;
        selectors[12] = Handler.startClose.selector;
        selectors[13] = Handler.finishClose.selector;
        selectors[14] = Handler.donate.selector;
        selectors[15] = Handler.propose.selector;
        selectors[16] = Handler.challenge.selector;
        selectors[17] = Handler.finalize.selector;
        selectors[18] = Handler.claimPayout.selector;
        selectors[19] = Handler.settle.selector;
        selectors[20] = Handler.settle.selector;
        selectors[21] = Handler.claimVoucher.selector;
        selectors[22] = Handler.veto.selector;
        selectors[23] = Handler.settleBond.selector;
        selectors[24] = Handler.anchorReceipts.selector;
        selectors[25] = Handler.draw.selector;
        selectors[26] = Handler.join.selector;
        selectors[27] = Handler.giveUp.selector;
        selectors[28] = Handler.commit.selector;
        selectors[29] = Handler.penalise.selector;
        selectors[30] = Handler.bond.selector;
        selectors[31] = Handler.callSpam.selector;
        selectors[32] = Handler.giveBack.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    function invariantNoTokenIsMadeOrLost() public view {
        (address[9] memory contracts_, address[6] memory people) = handler.everything();
        uint256 sum = 0;
        for (uint256 i = 0; i < 9; i++) sum += handler.balance(contracts_[i]);
        for (uint256 i = 0; i < 6; i++) sum += handler.balance(people[i]);
        same(sum, handler.supply(), "all tokens are somewhere");
        same(handler.supply(), handler.initialSupply() - handler.burntByRule(), "only penalties burn");
    }

    function invariantEveryContractHoldsWhatItOwes() public view {
        (address[9] memory contracts_,) = handler.everything();
        (uint256 stakes, uint256 inEscrow, uint256 inChannels, uint256 inPool, uint256 bonds) = handler.held();
        same(handler.balance(contracts_[1]), stakes, "stakes");
        same(handler.balance(contracts_[4]), inEscrow, "escrows");
        same(handler.balance(contracts_[5]), inChannels, "deposits");
        same(handler.balance(contracts_[6]), inPool + bonds, "pools and bonds");
        same(handler.balance(contracts_[8]), handler.heldForContributions(), "bonds of contributions");
        for (uint256 i = 0; i < 4; i++) {
            if (i != 1) same(handler.balance(contracts_[i]), 0, "others");
        }
    }

    function invariantNobodyClaimsMoreThanTheirLeaf() public view {
        same(handler.claimedInAll(), handler.paid(), "claims are what was paid");
    }
}
