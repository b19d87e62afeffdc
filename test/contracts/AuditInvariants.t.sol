// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AuditHandler} from "./AuditHandler.sol";
import {Tester} from "./Tester.sol";

/// @dev What holds of audits after any sequence of calls: what a builder puts in is held, paid, burnt or given back to
/// the unit, and nobody is paid out of another's round.
contract AuditInvariantsTest is Tester {
    AuditHandler private handler;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        handler = new AuditHandler();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = AuditHandler.pass.selector;
        selectors[1] = AuditHandler.sit.selector;
        selectors[2] = AuditHandler.sit.selector;
        selectors[3] = AuditHandler.open.selector;
        selectors[4] = AuditHandler.draw.selector;
        selectors[5] = AuditHandler.speak.selector;
        selectors[6] = AuditHandler.close.selector;
        selectors[7] = AuditHandler.penalise.selector;
        selectors[8] = AuditHandler.speak.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    function invariantAuditsHoldWhatWasPutIn() public view {
        same(handler.held(), handler.owed(), "bonds and fees of open rounds");
        handler.againstAdds();
    }

    function invariantNoTokenOfAnAuditIsMadeOrLost() public view {
        same(handler.everywhere(), handler.supply(), "all tokens are somewhere");
        same(handler.supply(), handler.whole() - handler.burntByRule(), "only penalties burn");
    }
}
