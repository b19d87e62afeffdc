// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DatanetRegistry} from "./DatanetRegistry.sol";

/// @title What a Datanet's sitting roster holds against somebody that no contract sees.
/// @notice More than two thirds of the weight, as it is when the last of them speaks: a roster that is weighed anew
/// goes on, and each counts with what it weighs now. Nobody pays for one fault twice, whoever sits by then.
abstract contract Blame {
    /// @notice Of the same seats, however often they are weighed, who holds what against somebody.
    mapping(bytes32 fault => mapping(uint32 seatedAs => mapping(address validator => bool))) private _holds;
    mapping(bytes32 fault => bool) private _isPaid;

    error NotAValidator(address validator);
    error AlreadyBlamed();

    /// @dev The sender holds a fault against whoever it names.
    /// @return decided it is to be paid for now
    function _blame(DatanetRegistry datanets, bytes32 pool, bytes32 fault) internal returns (bool decided) {
        uint32 roster = datanets.rosterOf(pool);
        if (datanets.votingWeightOf(pool, roster, msg.sender) == 0) revert NotAValidator(msg.sender);
        mapping(address => bool) storage holds = _holds[fault][datanets.seatedAs(pool, roster)];
        if (_isPaid[fault] || holds[msg.sender]) revert AlreadyBlamed();
        holds[msg.sender] = true;
        (address[] memory validators, uint96[] memory weights) = datanets.membersOf(pool, roster);
        (uint256 total, uint256 against) = (0, 0);
        for (uint256 i = 0; i < validators.length; i++) {
            total += weights[i];
            if (holds[validators[i]]) against += weights[i];
        }
        decided = against * 3 > total * 2;
        if (decided) _isPaid[fault] = true;
    }
}
