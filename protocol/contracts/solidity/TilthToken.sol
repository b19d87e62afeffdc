// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title The network's money: 18 decimals, permit, and burning, which is where the half of a penalty goes that no
/// reporter gets (a treasury would be somebody with an interest in penalties).
/// @notice The whole supply is made at deployment; nobody can make more.
contract TilthToken is ERC20, ERC20Permit, ERC20Burnable {
    constructor(uint256 supply) ERC20("Tilth", "TILTH") ERC20Permit("Tilth") {
        _mint(msg.sender, supply);
    }
}
