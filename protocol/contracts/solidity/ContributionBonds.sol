// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {DatanetRegistry} from "./DatanetRegistry.sol";
import {Statements} from "./Statements.sol";

/// @title What contributors lock with their commitments, and get back.
/// @notice A bond is locked in the commitment's own transaction, by the amount and for the time that its contributor
/// signed. When the time is over it goes back to the contributor, whoever asks for it and whatever was decided: no
/// account has to be there for it. Until then more than two thirds of the weight of the roster that decides on the
/// contribution can call it spam, each validator for itself; then the bond is burnt, so that nobody gains by it. The
/// contract holds exactly the bonds that are open (and what somebody sent it by mistake).
contract ContributionBonds {
    using SafeERC20 for IERC20;

    enum State {
        None,
        Open,
        Returned,
        Burnt
    }

    /// @param until from then on it can be had back, and is burnt no more
    /// @param spam weight that calls the contribution spam
    struct Bond {
        address contributor;
        uint64 until;
        State state;
        uint128 amount;
        uint128 spam;
    }

    /// @notice No bond is held for longer, whatever was signed.
    uint64 public constant LONGEST_BOND = 60 days;

    DatanetRegistry public immutable datanets;
    IERC20 public immutable token;

    /// @notice What all open bonds come to.
    uint256 public held;
    mapping(bytes32 contribution => Bond) private _bonds;
    mapping(bytes32 contribution => mapping(address validator => bool)) public calledSpam;

    event BondLocked(
        bytes32 indexed contribution,
        bytes32 indexed datanet,
        address indexed contributor,
        uint128 amount,
        uint64 lasts,
        uint64 until
    );
    event SpamCalled(bytes32 indexed contribution, address indexed validator, uint128 spam);
    event BondReturned(bytes32 indexed contribution, address indexed contributor, uint128 amount);
    event BondBurnt(bytes32 indexed contribution, address indexed contributor, uint128 amount);

    error NotTheRegistry(address caller);
    error BondTooLarge(uint256 amount);
    error BondTooLong(uint64 lasts, uint64 longest);
    error NoOpenBond(bytes32 contribution);
    error BondHeldUntil(uint64 until);
    error BondIsDue(uint64 until);
    error NotOnItsRoster(address caller);
    error AlreadyCalledSpam(address validator);

    /// @dev The registry of Datanets makes it, so that the two know each other for good.
    constructor(DatanetRegistry datanets_, IERC20 token_) {
        datanets = datanets_;
        token = token_;
    }

    /// @notice Locks what a commitment says, out of the contributor's tokens. The registry alone can, having seen the
    /// contributor's signature over amount and time.
    function lock(bytes32 contribution, bytes32 datanet, address contributor, uint256 amount, uint64 lasts) external {
        if (msg.sender != address(datanets)) revert NotTheRegistry(msg.sender);
        if (amount > type(uint128).max) revert BondTooLarge(amount);
        if (lasts > LONGEST_BOND) revert BondTooLong(lasts, LONGEST_BOND);
        uint64 until = uint64(block.timestamp) + lasts;
        _bonds[contribution] = Bond(contributor, until, State.Open, uint128(amount), 0);
        held += amount;
        emit BondLocked(contribution, datanet, contributor, uint128(amount), lasts, until);
        token.safeTransferFrom(contributor, address(this), amount);
    }

    /// @notice For contributors who have no coin for gas: anyone brings both signatures, that of the commitment and
    /// the token's permit for its bond. A permit that was used before, by whoever saw it, has done its work already.
    function commitWithPermit(
        Statements.Commitment calldata statement,
        bytes calldata signature,
        uint256 permitDeadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (bytes32 contribution, uint64 index) {
        try IERC20Permit(address(token)).permit(
            statement.contributor, address(this), statement.bond, permitDeadline, v, r, s
        ) {} catch {}
        return datanets.commitFor(statement, signature);
    }

    /// @notice A staked validator of the roster that decides on the contribution calls it spam, once. With more than
    /// two thirds of that roster's weight the bond is burnt.
    function callSpam(bytes32 contribution) external {
        Bond storage bond = _open(contribution);
        if (block.timestamp >= bond.until) revert BondIsDue(bond.until);
        DatanetRegistry.Contribution memory made = datanets.contributionOf(contribution);
        uint96 weight = datanets.votingWeightOf(made.datanet, made.roster, msg.sender);
        if (weight == 0) revert NotOnItsRoster(msg.sender);
        if (calledSpam[contribution][msg.sender]) revert AlreadyCalledSpam(msg.sender);
        calledSpam[contribution][msg.sender] = true;
        bond.spam += weight;
        emit SpamCalled(contribution, msg.sender, bond.spam);
        if (uint256(bond.spam) * 3 <= uint256(datanets.totalWeightOf(made.datanet, made.roster)) * 2) return;
        bond.state = State.Burnt;
        held -= bond.amount;
        emit BondBurnt(contribution, bond.contributor, bond.amount);
        ERC20Burnable(address(token)).burn(bond.amount);
    }

    /// @notice Gives a bond back to its contributor, once its time is over. Anyone may ask.
    function giveBack(bytes32 contribution) external {
        Bond storage bond = _open(contribution);
        if (block.timestamp < bond.until) revert BondHeldUntil(bond.until);
        bond.state = State.Returned;
        held -= bond.amount;
        emit BondReturned(contribution, bond.contributor, bond.amount);
        token.safeTransfer(bond.contributor, bond.amount);
    }

    function bondOf(bytes32 contribution) external view returns (Bond memory) {
        return _bonds[contribution];
    }

    function _open(bytes32 contribution) private view returns (Bond storage bond) {
        bond = _bonds[contribution];
        if (bond.state != State.Open) revert NoOpenBond(contribution);
    }
}
